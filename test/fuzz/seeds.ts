import { parseModifiers } from '../../core/modifiers/parse-modifiers.ts'
import type { ResourceModifiers } from '../../core/modifiers/parse-modifiers.ts'
import { aConfigMap } from '../core/request/admission.ts'
import { configMap, path } from '../kit/backups/tarball.ts'

/*
 * What is right, before something is changed in it.
 */

/** The files of a backup. */
export const files: { name: string; text?: string; type?: 'file' | 'symlink'; linkname?: string }[] = [
  { name: 'metadata/version', text: '1.1.0' },
  { name: path('a'), text: configMap('a', { key: 'value' }) },
  { name: path('b'), text: configMap('b', { key: 'x'.repeat(2000) }) },
  { name: 'resources/pods/v1-preferredversion/namespaces/bad/p.json', text: configMap('p') },
  { name: 'link', type: 'symlink', linkname: '../../etc/passwd' },
  { name: path('a-name-that-is-too-long-for-the-field-of-a-tar-header'.repeat(4)), text: configMap('long') },
]

/** Items as they stand in a backup. */
export const items: readonly string[] = [
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      labels: { app: 'web' },
      annotations: { 'a/b': '1' },
      finalizers: ['x/y'],
    },
    spec: {
      replicas: 3,
      template: { spec: { containers: [{ name: 'app', image: 'example.com/app:1', ports: [{ containerPort: 80 }] }] } },
    },
  }),
  '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"big":12345678901234567890,"text":"\\u00e9\\ud83d\\ude00"}}',
  '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop","labels":null},"spec":null}',
]

/** Restores ask for this, in all fields that the admission reads. */
const whole = {
  backupName: 'b',
  includedNamespaces: ['shop', 'team-*'],
  excludedNamespaces: ['other'],
  includedResources: ['pods', 'deployments.apps', '*'],
  excludedResources: ['secrets'],
  namespaceMapping: { shop: 'shop-2' },
  labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] },
  orLabelSelectors: [{ matchLabels: { app: 'web' } }],
  existingResourcePolicy: 'update',
  itemOperationTimeout: '4h0m0s',
  resourceModifier: { kind: 'ConfigMap', name: 'mods' },
  hooks: {
    resources: [
      {
        name: 'warm up',
        includedNamespaces: ['*'],
        labelSelector: { matchLabels: { app: 'web' } },
        postHooks: [
          { exec: { container: 'app', command: ['load'], execTimeout: '30s', waitTimeout: '5m', onError: 'Fail' } },
          { init: { timeout: '1m', initContainers: [{ name: 'first', image: 'example.com/first:1' }] } },
        ],
      },
    ],
  },
}

const { orLabelSelectors: _or, includedResources: _all, resourceModifier: _mods, ...valid } = whole

/** One that contradicts itself, and one that is valid. */
export const specs: readonly object[] = [whole, valid]

/** Resource modifiers with each kind of patch. */
export const modifierTexts: readonly string[] = [
  `version: v1
resourceModifierRules:
- conditions:
    groupResource: deployments.apps
    resourceNameRegex: "^web.*$"
    namespaces: [shop, "team-*"]
    labelSelector:
      matchLabels: {app: web}
  patches:
  - operation: replace
    path: "/spec/replicas"
    value: "3"
  - operation: copy
    from: "/metadata/labels/app"
    path: "/metadata/labels/copy"
`,
  `version: v1
resourceModifierRules:
- conditions: {groupResource: deployments.apps}
  mergePatches:
  - patchData: |
      {"metadata": {"annotations": {"a/b": null}}}
`,
  `version: v1
resourceModifierRules:
- conditions: {groupResource: deployments.apps}
  strategicPatches:
  - patchData: |
      spec:
        template:
          spec:
            containers:
            - name: app
              image: example.com/app:2
`,
]

/** Resource policies for the cluster and for namespaces. */
export const policyTexts: readonly string[] = [
  `version: v1
clusterScopedFilterPolicy:
  resourceFilters: [{kinds: [clusterroles], labelSelector: {matchLabels: {a: 1}}, names: ["a*"], excludedNames: [ab]}]
namespacedFilterPolicies:
- namespaces: [shop, "team-*"]
  resourceFilters: [{kinds: [configmaps, pods], orLabelSelectors: [{matchLabels: {a: b}}]}, {kinds: ["*"]}]
`,
  `version: v1
namespacedFilterPolicies:
- namespaces: ["s[a-z]op"]
  resourceFilters:
  - kinds: [pods]
    labelSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}
`,
]

let compiled: ResourceModifiers | undefined

/** The first of the modifiers, read. */
export function modifiers(): ResourceModifiers {
  if (compiled !== undefined) return compiled
  const parsed = parseModifiers(aConfigMap(modifierTexts[0] ?? ''))
  if ('error' in parsed) throw new Error(parsed.error)
  return (compiled = parsed.modifiers)
}
