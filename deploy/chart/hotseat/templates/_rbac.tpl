{{/*
Role and RoleBinding with just the rights that the sidecar uses, in each namespace where it needs some,
and ClusterRole and ClusterRoleBinding for nodes, which are in none:
what `hotseat rbac` prints for the same flags, with which the tests compare it.
*/}}
{{- define "hotseat.rbac" -}}
{{- if .Values.hotseat.rbac.create -}}
{{- $lock := include "hotseat.electionNamespace" . -}}
{{- $map := include "hotseat.policyMap" . | fromYaml -}}
{{- $settings := include "hotseat.settingsMap" . | fromYaml -}}
{{- $uses := list
  (dict "in" $lock "rules" (include "hotseat.lockRules" .))
  (dict "in" $lock "rules" (include "hotseat.ownerRules" .))
  (dict "in" $lock "rules" (include "hotseat.eventRules" .))
  (dict "in" .Release.Namespace "rules" (eq $lock .Release.Namespace | ternary "" (include "hotseat.eventRules" .)))
  (dict "in" ($map.namespace | default $lock) "rules" (include "hotseat.policyRules" $map))
  (dict "in" ($settings.namespace | default $lock) "rules" (include "hotseat.policyRules" $settings))
  (dict "in" .Release.Namespace "rules" (include "hotseat.podRules" .))
  (dict "in" $lock "rules" (include "hotseat.rosterRules" .))
  (dict "in" "" "rules" (include "hotseat.nodeRules" .))
-}}
{{- $rules := dict -}}
{{- range $uses -}}
{{- if .rules -}}
{{- $rules = set $rules .in (list (get $rules .in) .rules | compact | join "\n") -}}
{{- end -}}
{{- end -}}
{{- range $namespace, $rules := $rules }}
{{- /* ClusterRoles of all namespaces share one, so the name of theirs says whose it is. */}}
{{- $cluster := empty $namespace | ternary "Cluster" "" }}
{{- $name := include "hotseat.role" $ }}
{{- if $cluster }}{{ $name = printf "%s-%s" $.Release.Namespace $name }}{{ end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $cluster }}Role
metadata:
  name: {{ $name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
rules:
{{ $rules | indent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $cluster }}RoleBinding
metadata:
  name: {{ $name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $cluster }}Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "hotseat.serviceAccount" $ }}
    namespace: {{ $.Release.Namespace }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "hotseat.lockRules" -}}
{{- $lock := .Values.hotseat.lock -}}
{{- $rules := list -}}
{{- if hasPrefix "endpoints" $lock -}}
{{- $rules = append $rules (include "hotseat.objectRules" (dict "group" "\"\"" "resource" "endpoints" "name" (include "hotseat.election" .))) -}}
{{- end -}}
{{- if hasPrefix "configmaps" $lock -}}
{{- $rules = append $rules (include "hotseat.objectRules" (dict "group" "\"\"" "resource" "configmaps" "name" (include "hotseat.election" .))) -}}
{{- end -}}
{{- if hasSuffix "leases" $lock -}}
{{- $rules = append $rules (include "hotseat.objectRules" (dict "group" "coordination.k8s.io" "resource" "leases" "name" (include "hotseat.election" .))) -}}
{{- end -}}
{{- $rules | join "\n" -}}
{{- end -}}

{{- define "hotseat.objectRules" -}}
- apiGroups: [{{ .group }}]
  resources: [{{ .resource }}]
  resourceNames: [{{ .name }}]
  verbs: [get, list, watch, update]
- apiGroups: [{{ .group }}]
  resources: [{{ .resource }}]
  verbs: [create]
{{- end -}}

{{- define "hotseat.ownerRules" -}}
{{- with .Values.hotseat.leaseOwner -}}
{{- $parts := splitList "/" . -}}
- apiGroups: [apps]
  resources: [{{ first $parts }}s]
  resourceNames: [{{ last $parts }}]
  verbs: [get]
{{- end -}}
{{- end -}}

{{- define "hotseat.podRules" -}}
{{- $hotseat := .Values.hotseat -}}
{{- $cost := toString $hotseat.podDeletionCost -}}
{{- $facts := $hotseat.facts -}}
{{- /* One of pod and node knows on which node the seats are counted. */ -}}
{{- $looks := or (has "pod" $facts) (and (has "seats" $facts) (not (has "node" $facts))) -}}
{{- $verbs := list -}}
{{- if or $hotseat.watchPods $hotseat.labelLeader $looks }}{{ $verbs = append $verbs "list" }}{{ end -}}
{{- if or $hotseat.watchPods $looks }}{{ $verbs = append $verbs "watch" }}{{ end -}}
{{- if or $hotseat.labelLeader $cost }}{{ $verbs = append $verbs "patch" }}{{ end -}}
{{- if $verbs -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [{{ $verbs | join ", " }}]
{{- end -}}
{{- end -}}

{{- define "hotseat.nodeRules" -}}
{{- if has "node" .Values.hotseat.facts -}}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list, watch]
{{- end -}}
{{- end -}}

{{/*
The candidates' Leases. Which candidates there will be is not known, so there are no names. Of the
program's own policies `builtin:rules` always needs the roster.
*/}}
{{- define "hotseat.rosterRules" -}}
{{- $hotseat := .Values.hotseat -}}
{{- $policy := $hotseat.policy | splitList "#" | first -}}
{{- $turns := regexMatch "[1-9]" $hotseat.rolloutSoak -}}
{{- if or $hotseat.roster $turns (has "seats" $hotseat.facts) (eq $policy "builtin:rules") -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create, list, watch, patch, delete]
{{- end -}}
{{- end -}}

{{- define "hotseat.policyRules" -}}
{{- if .name -}}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ .name }}]
  verbs: [list, watch]
{{- end -}}
{{- end -}}

{{- define "hotseat.eventRules" -}}
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* The ConfigMap of the policy, and that of its settings; empty if there is none. */}}
{{- define "hotseat.policyMap" -}}
{{- $policy := .Values.hotseat.policy | splitList "#" | first -}}
{{- include "hotseat.configMap" (dict "source" $policy "key" "\\.wasm(\\.gz)?$") -}}
{{- end -}}

{{- define "hotseat.settingsMap" -}}
{{- $settings := .Values.hotseat.policySettings -}}
{{- if kindIs "string" $settings -}}
{{- include "hotseat.configMap" (dict "source" $settings "key" "\\.(json|ya?ml)$") -}}
{{- end -}}
{{- end -}}

{{/* What the program reads as configmap:[NAMESPACE/]NAME[/KEY], where a KEY ends so. */}}
{{- define "hotseat.configMap" -}}
{{- if hasPrefix "configmap:" .source -}}
{{- $parts := trimPrefix "configmap:" .source | splitList "/" -}}
{{- $two := eq (len $parts) 2 -}}
{{- $keyed := and $two (regexMatch .key (last $parts)) -}}
{{- if or (eq (len $parts) 1) $keyed -}}
name: {{ first $parts }}
{{- else -}}
namespace: {{ first $parts }}
name: {{ index $parts 1 }}
{{- end -}}
{{- end -}}
{{- end -}}
