{{/*
The sidecar as an item of `initContainers`; nothing where it is none of them:

    initContainers:
      {{- include "hotseat.initContainer" . | nindent 6 }}
*/}}
{{- define "hotseat.initContainer" -}}
{{- if include "hotseat.native" . -}}
{{- include "hotseat.sidecar" . -}}
{{- end -}}
{{- end -}}

{{/*
The sidecar as an item of `containers`, before Kubernetes 1.29; nothing from then on. Include both, and
give the pod no more grace than `hotseat.gracePeriod` says.
*/}}
{{- define "hotseat.container" -}}
{{- if not (include "hotseat.native" .) -}}
{{- include "hotseat.sidecar" . -}}
{{- end -}}
{{- end -}}

{{/*
terminationGracePeriodSeconds for the pod, by what the application asks for: in the form before 1.29 all
containers are asked to end at the same moment, and an application that is there for longer than the
reaction time would act beside the next leader.
*/}}
{{- define "hotseat.gracePeriod" -}}
{{- $wanted := .Values.terminationGracePeriodSeconds | default 30 -}}
{{- if include "hotseat.native" . -}}
{{- $wanted -}}
{{- else -}}
{{- $reaction := include "hotseat.reactionTime" . -}}
{{- if not (regexMatch "^[0-9]+s$" $reaction) -}}
{{- fail (printf "hotseat.reactionTime %s: give whole seconds, such as 4s, where the sidecar is no native one" $reaction) -}}
{{- end -}}
{{- min $wanted (add1 (trimSuffix "s" $reaction | int)) -}}
{{- end -}}
{{- end -}}

{{- define "hotseat.sidecar" -}}
{{- $hotseat := .Values.hotseat -}}
- name: hotseat
  image: {{ include "hotseat.image" . | quote }}
  imagePullPolicy: {{ $hotseat.image.pullPolicy }}
  {{- if include "hotseat.native" . }}
  restartPolicy: Always
  {{- end }}
  args:
    - {{ printf "--election=%s" (include "hotseat.election" .) | quote }}
    {{- with $hotseat.electionNamespace }}
    - {{ printf "--election-namespace=%s" . | quote }}
    {{- end }}
    {{- if ne $hotseat.lock "leases" }}
    - {{ printf "--lock=%s" $hotseat.lock | quote }}
    {{- end }}
    {{- with $hotseat.leaseOwner }}
    - {{ printf "--lease-owner=%s" . | quote }}
    {{- end }}
    {{- if $hotseat.watchPods }}
    - "--watch-pods"
    {{- end }}
    {{- with $hotseat.labelLeader }}
    - {{ printf "--label-leader=%s" . | quote }}
    {{- end }}
    {{- with toString $hotseat.podDeletionCost }}
    - {{ printf "--pod-deletion-cost=%s" . | quote }}
    {{- end }}
    {{- if $hotseat.roster }}
    - "--roster"
    {{- end }}
    {{- with $hotseat.facts }}
    - {{ printf "--facts=%s" (join "," .) | quote }}
    {{- end }}
    {{- if ne (int $hotseat.port) 4040 }}
    - {{ printf "--http=:%d" (int $hotseat.port) | quote }}
    {{- end }}
    {{- if ne $hotseat.httpDetail "loopback" }}
    - {{ printf "--http-detail=%s" $hotseat.httpDetail | quote }}
    {{- end }}
    {{- with $hotseat.leaseDuration }}
    - {{ printf "--lease-duration=%s" . | quote }}
    {{- end }}
    {{- with $hotseat.renewDeadline }}
    - {{ printf "--renew-deadline=%s" . | quote }}
    {{- end }}
    {{- with $hotseat.retryPeriod }}
    - {{ printf "--retry-period=%s" . | quote }}
    {{- end }}
    {{- with include "hotseat.reactionTime" . }}
    - {{ printf "--reaction-time=%s" . | quote }}
    {{- end }}
    {{- if ne $hotseat.policy "builtin" }}
    - {{ printf "--policy=%s" $hotseat.policy | quote }}
    {{- end }}
    {{- with $hotseat.policySettings }}
    - {{ printf "--policy-settings=%s" (kindIs "string" . | ternary . (toJson .)) | quote }}
    {{- end }}
    {{- with $hotseat.rolloutSoak }}
    - {{ printf "--rollout-soak=%s" . | quote }}
    {{- end }}
    {{- if ne $hotseat.logFormat "text" }}
    - {{ printf "--log-format=%s" $hotseat.logFormat | quote }}
    {{- end }}
    {{- range $hotseat.extraArgs }}
    - {{ . | quote }}
    {{- end }}
  env:
    # Without its name a pod of hostNetwork would campaign under its node's.
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: POD_UID
      valueFrom: {fieldRef: {fieldPath: metadata.uid}}
    {{- if has "node" $hotseat.facts }}
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    {{- end }}
    {{- with $hotseat.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: hotseat
      containerPort: {{ int $hotseat.port }}
  # The lock has been read, a policy decides, and the process is not stopping. /healthz would say yes
  # from the first moment: a rollout would go on, and end, while no new replica can lead.
  readinessProbe:
    httpGet: {path: /readyz, port: hotseat}
    periodSeconds: 5
  # The election's loop runs. It does not hang on the API server: an outage restarts nothing.
  livenessProbe:
    httpGet: {path: /healthz, port: hotseat}
    periodSeconds: 10
  terminationMessagePolicy: FallbackToLogsOnError
  resources:
    {{- toYaml $hotseat.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  {{- with $hotseat.volumeMounts }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
