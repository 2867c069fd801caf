{{/*
Role and RoleBinding with just the rights that the sidecar uses, in each namespace where it needs some:
what `hotseat rbac` prints for the same flags, with which the tests compare it.
*/}}
{{- define "hotseat.rbac" -}}
{{- if .Values.hotseat.rbac.create -}}
{{- $lock := include "hotseat.electionNamespace" . -}}
{{- $rules := dict $lock (include "hotseat.lockRules" .) -}}
{{- $rules = set $rules $lock (printf "%s\n%s" (get $rules $lock) (include "hotseat.eventRules" .)) -}}
{{- if ne $lock .Release.Namespace -}}
{{- $rules = set $rules .Release.Namespace (include "hotseat.eventRules" .) -}}
{{- end -}}
{{- $map := include "hotseat.policyMap" . | fromYaml -}}
{{- if $map.name -}}
{{- $there := $map.namespace | default $lock -}}
{{- $rule := printf "- apiGroups: [\"\"]\n  resources: [configmaps]\n  resourceNames: [%s]\n  verbs: [list, watch]" $map.name -}}
{{- $rules = set $rules $there (list (get $rules $there) $rule | compact | join "\n") -}}
{{- end -}}
{{- range $namespace, $rules := $rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "hotseat.role" $ }}
  namespace: {{ $namespace }}
rules:
{{ $rules | indent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "hotseat.role" $ }}
  namespace: {{ $namespace }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ include "hotseat.role" $ }}
subjects:
  - kind: ServiceAccount
    name: {{ include "hotseat.serviceAccount" $ }}
    namespace: {{ $.Release.Namespace }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "hotseat.lockRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "hotseat.election" . }}]
  verbs: [get, list, watch, update]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
{{- end -}}

{{- define "hotseat.eventRules" -}}
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* The ConfigMap of the policy, as the program reads configmap:[NAMESPACE/]NAME[/KEY]; empty if it is none. */}}
{{- define "hotseat.policyMap" -}}
{{- $policy := .Values.hotseat.policy | splitList "#" | first -}}
{{- if hasPrefix "configmap:" $policy -}}
{{- $parts := trimPrefix "configmap:" $policy | splitList "/" -}}
{{- $two := eq (len $parts) 2 -}}
{{- $keyed := and $two (regexMatch "\\.wasm(\\.gz)?$" (last $parts)) -}}
{{- if or (eq (len $parts) 1) $keyed -}}
name: {{ first $parts }}
{{- else -}}
namespace: {{ first $parts }}
name: {{ index $parts 1 }}
{{- end -}}
{{- end -}}
{{- end -}}
