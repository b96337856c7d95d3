import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Manifest } from '../../../velero/manifest.ts'

/** The values of an app: `mode` stands in each of its objects, and so do the fields of `extra`, or none of them. */
export interface AppValues {
  mode: string
  extra: boolean
}

/** What every app is made with. */
export const firstValues: AppValues = { mode: 'first', extra: true }

/** The resources of an app, with the path of its API. */
export const appResources = [
  ['deployments.apps', '/apis/apps/v1', 'deployments'],
  ['services', '/api/v1', 'services'],
  ['configmaps', '/api/v1', 'configmaps'],
  ['secrets', '/api/v1', 'secrets'],
] as const

/** A Deployment, a Service, a ConfigMap without labels and a Secret, all of one name. */
export function smallApp(namespace: string, name: string, { mode, extra }: AppValues = firstValues): Manifest[] {
  const more = <T extends object>(fields: T): T | Record<string, never> => (extra ? fields : {})
  const metadata = { name, namespace, annotations: { mode, ...more({ extra: 'more' }) } }
  const container = {
    name: 'app',
    image: `registry.example.com/app:${mode}`,
    env: [{ name: 'MODE', value: mode }, ...(extra ? [{ name: 'EXTRA', value: 'more' }] : [])],
  }
  const value = (text: string): string => Buffer.from(`${text} value of a Secret of the modes`).toString('base64')
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, labels: { app: name, ...more({ extra: 'more' }) } },
      spec: {
        ...more({ replicas: 2 }),
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: { app: name } },
      spec: {
        selector: { app: name, mode },
        ports: [{ name: 'web', port: 80 }, ...(extra ? [{ name: 'extra', port: 81 }] : [])],
      },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mode, ...more({ extra: 'more' }) } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, labels: { ...more({ extra: 'more' }) } },
      type: 'Opaque',
      data: { mode: value(mode), ...more({ extra: value('extra') }) },
    },
  ]
}

/**
 * Writes a chart of a Deployment, a Service and a ConfigMap, and returns its folder. With `hook` the ConfigMap is a hook: then
 * Helm writes it without its own annotations.
 */
export function writeChart(dir: string): string {
  const chart = join(dir, 'chart')
  mkdirSync(join(chart, 'templates'), { recursive: true })
  writeFileSync(join(chart, 'Chart.yaml'), stringify({ apiVersion: 'v2', name: 'app', version: '0.1.0' }))
  writeFileSync(join(chart, 'values.yaml'), stringify({ ...firstValues, hook: false }))
  writeFileSync(join(chart, 'templates', 'app.yaml'), template)
  return chart
}

const template = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: { app: {{ .Release.Name }} }
spec:
  {{- if .Values.extra }}
  replicas: 2
  {{- end }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec:
      containers:
        - name: app
          image: registry.example.com/app:{{ .Values.mode }}
          env:
            - { name: MODE, value: {{ .Values.mode }} }
            {{- if .Values.extra }}
            - { name: EXTRA, value: more }
            {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: { app: {{ .Release.Name }}, mode: {{ .Values.mode }} }
  ports:
    - { name: web, port: 80 }
    {{- if .Values.extra }}
    - { name: extra, port: 81 }
    {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  {{- if .Values.hook }}
  annotations: { helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-failed }
  {{- end }}
data:
  mode: {{ .Values.mode }}
  {{- if .Values.extra }}
  extra: more
  {{- end }}
`
