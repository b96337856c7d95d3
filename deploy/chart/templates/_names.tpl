{{- define "drydock.name" -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "drydock.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "drydock.name" .) -}}
{{- end -}}

{{/* What selects the workers; it cannot change. */}}
{{- define "drydock.selector" -}}
app.kubernetes.io/name: drydock
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "drydock.trialSelector" -}}
app.kubernetes.io/name: drydock-trial-temporal
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "drydock.trialName" -}}
{{ include "drydock.name" . }}-trial-temporal
{{- end -}}

{{- define "drydock.temporalAddress" -}}
{{- if .Values.temporal.trial.enabled -}}
{{ include "drydock.trialName" . }}.{{ .Release.Namespace }}:7233
{{- else -}}
{{ .Values.temporal.address | default "temporal-frontend.temporal:7233" }}
{{- end -}}
{{- end -}}

{{- define "drydock.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The task queue of the workers: rule 3 of docs/rules.md. */}}
{{- define "drydock.taskQueue" -}}
{{- $uid := .Values.autoscaling.clusterUid -}}
{{- if not $uid -}}
{{- $uid = dig "metadata" "uid" "" (lookup "v1" "Namespace" "" "kube-system") -}}
{{- end -}}
{{- if not $uid -}}
{{- fail "autoscaling needs the uid of namespace kube-system, and there is no cluster to ask: set autoscaling.clusterUid to what `kubectl get namespace kube-system -o jsonpath={.metadata.uid}` prints" -}}
{{- end -}}
drydock-{{ $uid }}-{{ .Release.Namespace }}
{{- end -}}

{{/* A quantity of memory in MiB, where it has a unit that is usual for a limit; else 0. */}}
{{- define "drydock.mebibytes" -}}
{{- $text := toString . -}}
{{- if hasSuffix "Gi" $text -}}{{ mulf 1024 (trimSuffix "Gi" $text | float64) | int }}
{{- else if hasSuffix "Mi" $text -}}{{ trimSuffix "Mi" $text | int }}
{{- else -}}0{{- end -}}
{{- end -}}

{{/* Comparisons of numbers, which a JSON schema cannot make. */}}
{{- define "drydock.check" -}}
{{- with .Values.autoscaling -}}
{{- if gt (int .minReplicas) (int .maxReplicas) -}}
{{- fail (printf "autoscaling.minReplicas (%d) is more than autoscaling.maxReplicas (%d): raise one or lower the other" (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- $limit := include "drydock.mebibytes" (dig "limits" "memory" "" .Values.resources) | int -}}
{{- if and (gt $limit 0) (ge (int .Values.heapMi) $limit) -}}
{{- fail (printf "heapMi (%d) is not below resources.limits.memory (%d MiB): a worker would be killed before Node frees memory" (int .Values.heapMi) $limit) -}}
{{- end -}}
{{- end -}}

{{/* The policy as the workers read it; empty without one. */}}
{{- define "drydock.policy" -}}
{{- $policy := dict -}}
{{- with .Values.policy.rules -}}{{- $_ := set $policy "rules" . -}}{{- end -}}
{{- with .Values.policy.plugins -}}{{- $_ := set $policy "plugins" . -}}{{- end -}}
{{- if $policy -}}{{ toYaml $policy }}{{- end -}}
{{- end -}}
