{{/* Name of the election. */}}
{{- define "hotseat.election" -}}
{{- .Values.hotseat.election | default .Release.Name -}}
{{- end -}}

{{/* Namespace of the Lease. */}}
{{- define "hotseat.electionNamespace" -}}
{{- .Values.hotseat.electionNamespace | default .Release.Namespace -}}
{{- end -}}

{{/* Name of the service account of the pods. */}}
{{- define "hotseat.serviceAccount" -}}
{{- .Values.hotseat.serviceAccount | default .Release.Name -}}
{{- end -}}

{{/* Name of Role and RoleBinding. */}}
{{- define "hotseat.role" -}}
{{- .Values.hotseat.rbac.name | default (printf "hotseat-%s" (include "hotseat.election" .)) -}}
{{- end -}}

{{/* The image; the tag is the version of the program that this chart is of. */}}
{{- define "hotseat.image" -}}
{{- $image := .Values.hotseat.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default "0.1.0") -}}
{{- end -}}
{{- end -}}

{{/* "true" where the sidecar is a native one. */}}
{{- define "hotseat.native" -}}
{{- $wanted := toString .Values.hotseat.nativeSidecar -}}
{{- if eq $wanted "auto" -}}
{{- if semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- else if eq $wanted "true" -}}true
{{- end -}}
{{- end -}}

{{/* How long the application may go on after port 4040 has stopped naming its pod. */}}
{{- define "hotseat.reactionTime" -}}
{{- if and .Values.hotseat.watchPods (not .Values.hotseat.reactionTime) -}}
{{- fail "hotseat.watchPods: give hotseat.reactionTime too, for how long the application goes on when port 4040 no longer answers; 0s if it ends with the sidecar" -}}
{{- end -}}
{{- if .Values.hotseat.reactionTime -}}
{{- .Values.hotseat.reactionTime -}}
{{- else if not (include "hotseat.native" .) -}}
4s
{{- end -}}
{{- end -}}
