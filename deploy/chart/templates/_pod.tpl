{{/* The environment of a worker. */}}
{{- define "drydock.env" -}}
- name: VELERO_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- { name: TEMPORAL_ADDRESS, value: {{ include "drydock.temporalAddress" . | quote }} }
- { name: TEMPORAL_NAMESPACE, value: {{ .Values.temporal.namespace | quote }} }
{{- with .Values.temporal.tls }}
{{- if .enabled }}
- { name: TEMPORAL_TLS, value: 'true' }
{{- with .serverName }}
- { name: TEMPORAL_TLS_SERVER_NAME, value: {{ . | quote }} }
{{- end }}
{{- if .ca.secret }}
- { name: TEMPORAL_TLS_SERVER_CA_CERT_PATH, value: {{ printf "/temporal/ca/%s" .ca.key | quote }} }
{{- end }}
{{- if .clientCertificate.secret }}
- { name: TEMPORAL_TLS_CLIENT_CERT_PATH, value: /temporal/client/tls.crt }
- { name: TEMPORAL_TLS_CLIENT_KEY_PATH, value: /temporal/client/tls.key }
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.temporal.apiKey }}
{{- if .secret }}
- name: TEMPORAL_API_KEY
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: {{ .key | quote }} } }
{{- end }}
{{- end }}
{{- with .Values.temporal.codec }}
{{- if .secret }}
- { name: DRYDOCK_CODEC_KEYS_FILE, value: {{ printf "/codec/%s" .key | quote }} }
{{- end }}
{{- end }}
{{- if .Values.velero.useSecret }}
# As velero install has it. Without the Secret the pod's own identity counts.
- { name: AWS_SHARED_CREDENTIALS_FILE, value: {{ printf "/credentials/%s" .Values.velero.credentialsKey | quote }} }
{{- end }}
- { name: DRYDOCK_HTTP_ADDRESS, value: ':8086' }
- { name: DRYDOCK_ARCHIVE_DIR, value: /cache }
# A uid that the image does not know has no home, and libraries ask for one. Compiled code is kept there.
- { name: HOME, value: /cache }
- { name: DRYDOCK_ARCHIVE_BYTES, value: {{ mul .Values.cache.sizeGi 858993459 | quote }} }
- { name: DRYDOCK_SHUTDOWN_GRACE_SECONDS, value: {{ .Values.shutdownGraceSeconds | quote }} }
- { name: NODE_OPTIONS, value: {{ printf "--max-old-space-size=%d" (int .Values.heapMi) | quote }} }
{{- with .Values.proxy }}
{{- if .httpsProxy }}
- { name: HTTPS_PROXY, value: {{ .httpsProxy | quote }} }
{{- end }}
{{- if .httpProxy }}
- { name: HTTP_PROXY, value: {{ .httpProxy | quote }} }
{{- end }}
{{- if .noProxy }}
- { name: NO_PROXY, value: {{ .noProxy | quote }} }
{{- end }}
{{- end }}
{{- if .Values.caBundle.configMap }}
- { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/ca-bundle/%s" .Values.caBundle.key | quote }} }
{{- end }}
{{- with .Values.versioning }}
{{- if .enabled }}
- { name: DRYDOCK_BUILD_ID, value: {{ include "drydock.tag" $ | quote }} }
- { name: DRYDOCK_DEPLOYMENT, value: {{ .deployment | quote }} }
- { name: DRYDOCK_VERSIONING, value: {{ .behavior | quote }} }
{{- end }}
{{- end }}
{{- with .Values.notify }}
{{- if .secret }}
- name: DRYDOCK_NOTIFY_URL
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: url } }
- name: DRYDOCK_NOTIFY_SECRET
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: secret, optional: true } }
- { name: DRYDOCK_NOTIFY_ON, value: {{ .when | quote }} }
{{- if .template.configMap }}
- { name: DRYDOCK_NOTIFY_TEMPLATE, value: {{ printf "/notify/%s" .template.key | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- if include "drydock.policy" . }}
- { name: DRYDOCK_POLICY_FILE, value: /policy/policy.yaml }
{{- end }}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "drydock.mounts" -}}
- { name: cache, mountPath: /cache }
- { name: tmp, mountPath: /tmp }
{{- if .Values.plugins }}
- { name: plugins, mountPath: /plugins, readOnly: true }
{{- end }}
{{- if .Values.velero.useSecret }}
- { name: cloud-credentials, mountPath: /credentials, readOnly: true }
{{- end }}
{{- if .Values.temporal.tls.ca.secret }}
- { name: temporal-ca, mountPath: /temporal/ca, readOnly: true }
{{- end }}
{{- if .Values.temporal.tls.clientCertificate.secret }}
- { name: temporal-client, mountPath: /temporal/client, readOnly: true }
{{- end }}
{{- if .Values.temporal.codec.secret }}
- { name: codec-keys, mountPath: /codec, readOnly: true }
{{- end }}
{{- if and .Values.notify.secret .Values.notify.template.configMap }}
- { name: notify-template, mountPath: /notify, readOnly: true }
{{- end }}
{{- if include "drydock.policy" . }}
- { name: policy, mountPath: /policy, readOnly: true }
{{- end }}
{{- if .Values.caBundle.configMap }}
- { name: ca-bundle, mountPath: /ca-bundle, readOnly: true }
{{- end }}
{{- end -}}

{{- define "drydock.volumes" -}}
- name: cache
  emptyDir: { sizeLimit: {{ .Values.cache.sizeGi }}Gi }
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- if .Values.plugins }}
- name: plugins
  emptyDir: {}
{{- end }}
{{- if .Values.velero.useSecret }}
- name: cloud-credentials
  secret: { secretName: {{ .Values.velero.credentialsSecret | default "cloud-credentials" | quote }}, optional: true }
{{- end }}
{{- with .Values.temporal.tls.ca.secret }}
- name: temporal-ca
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- with .Values.temporal.tls.clientCertificate.secret }}
- name: temporal-client
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- with .Values.temporal.codec.secret }}
- name: codec-keys
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- if and .Values.notify.secret .Values.notify.template.configMap }}
- name: notify-template
  configMap: { name: {{ .Values.notify.template.configMap | quote }} }
{{- end }}
{{- if include "drydock.policy" . }}
- name: policy
  configMap: { name: {{ printf "%s-policy" (include "drydock.name" .) | quote }} }
{{- end }}
{{- with .Values.caBundle.configMap }}
- name: ca-bundle
  configMap: { name: {{ . | quote }} }
{{- end }}
{{- end -}}

{{/* What the pod standard `restricted` and OpenShift's restricted-v2 ask for. No uid is named: that of the image counts, on OpenShift one of the namespace's. */}}
{{- define "drydock.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}
