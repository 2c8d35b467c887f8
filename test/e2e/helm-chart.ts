/** A chart with what charts have: a workload with its configuration, rights, hooks, a test, and a definition with an object of it. */

export const chart = (name: string): Readonly<Record<string, string>> => ({
  'Chart.yaml': `apiVersion: v2\nname: shop\nversion: 1.0.0\n`,
  'values.yaml': 'image: nginx:1\nreplicas: 4\nextra: {key: value}\n',
  'crds/crd.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${name}s.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: ${name}s, singular: ${name}, kind: ${kindOf(name)}}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer}}}}
`,
  'templates/custom.yaml': `apiVersion: example.com/v1
kind: ${kindOf(name)}
metadata: {name: first}
spec: {size: 3}
`,
  'templates/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: {checksum/config: {{ toJson .Values | sha256sum }}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers:
        - name: web
          image: {{ .Values.image }}
          ports: [{name: http, containerPort: 80}]
          envFrom: [{configMapRef: {name: {{ .Release.Name }}}}]
`,
  'templates/configmaps.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
data: {namespaces: {{ len (default list (lookup "v1" "Namespace" "" "").items) | quote }}, empty: ""}
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-extra, labels: {app: {{ .Release.Name }}}}
data: {{ toYaml .Values.extra | nindent 2 }}
{{- end }}
`,
  'templates/access.yaml': `apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}}
subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}]
`,
  'templates/service.yaml': `apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, labels: {app: {{ .Release.Name }}}}
spec:
  selector: {app: {{ .Release.Name }}}
  ports: [{port: 80, targetPort: http}]
`,
  'templates/hooks.yaml': ['pre-install', 'test'].map(hook).join('---\n'),
});

const kindOf = (name: string): string => name.replace(/(?:^|-)./g, (text) => text.slice(-1).toUpperCase());

const hook = (when: string): string => `apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-${when}
  labels: {app: {{ .Release.Name }}}
  annotations:
    helm.sh/hook: ${when}
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: once, image: busybox}]
`;
