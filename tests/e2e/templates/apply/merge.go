package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// registry is what ToolHive does for an MCPRegistry (validateReservedNames,
// validateMountPathCollisions, MergePodTemplateSpecs): the template comes first, and what the
// operator wants fills its gaps. Names are matched, nothing is deleted, `null` and `$patch` mean
// nothing.
func registry(pod, template corev1.PodTemplateSpec, _ []byte, container string) (corev1.PodTemplateSpec, error) {
	if err := reserved(pod, template, container); err != nil {
		return pod, err
	}
	made := *template.DeepCopy()
	made.Labels = fillMap(made.Labels, pod.Labels)
	made.Annotations = fillMap(made.Annotations, pod.Annotations)
	fill(&made.Spec.ServiceAccountName, pod.Spec.ServiceAccountName)
	made.Spec.Containers = fillContainers(made.Spec.Containers, pod.Spec.Containers)
	made.Spec.InitContainers = fillContainers(made.Spec.InitContainers, pod.Spec.InitContainers)
	made.Spec.Volumes = fillList(made.Spec.Volumes, pod.Spec.Volumes, func(v corev1.Volume) string { return v.Name })
	fillSlice(&made.Spec.ImagePullSecrets, pod.Spec.ImagePullSecrets)
	return made, nil
}

// The operator refuses names of its own volumes and init containers, and paths that it or
// spec.volumeMounts mounts. It looks at the first container of its name only. What is in
// spec.volumes is not reserved.
func reserved(pod, template corev1.PodTemplateSpec, container string) error {
	own := map[string]bool{"registry-server-config": true, "pgpass-secret": true, "pgpass": true}
	for _, volume := range template.Spec.Volumes {
		if own[volume.Name] {
			return fmt.Errorf("volume name '%s' is reserved by the operator", volume.Name)
		}
	}
	for _, init := range template.Spec.InitContainers {
		if init.Name == "setup-pgpass" {
			return fmt.Errorf("init container name '%s' is reserved by the operator", init.Name)
		}
	}
	paths := map[string]bool{}
	for _, mount := range find(pod.Spec.Containers, container).VolumeMounts {
		paths[mount.MountPath] = true
	}
	for _, mount := range find(template.Spec.Containers, container).VolumeMounts {
		if paths[mount.MountPath] {
			return fmt.Errorf("duplicate mount path '%s'", mount.MountPath)
		}
		paths[mount.MountPath] = true
	}
	return nil
}

func fillContainers(given, wanted []corev1.Container) []corev1.Container {
	if len(given) == 0 {
		return wanted
	}
	filled := make([]corev1.Container, 0, len(given)+len(wanted))
	seen := map[string]bool{}
	for _, container := range given {
		seen[container.Name] = true
		if i := index(wanted, container.Name); i >= 0 {
			container = fillContainer(container, wanted[i])
		}
		filled = append(filled, container)
	}
	for _, container := range wanted {
		if !seen[container.Name] {
			filled = append(filled, container)
		}
	}
	return filled
}

func fillContainer(given, wanted corev1.Container) corev1.Container {
	fill(&given.Image, wanted.Image)
	fillSlice(&given.Command, wanted.Command)
	fillSlice(&given.Args, wanted.Args)
	fill(&given.WorkingDir, wanted.WorkingDir)
	if len(given.Resources.Requests) == 0 && len(given.Resources.Limits) == 0 {
		given.Resources = wanted.Resources
	}
	fill(&given.LivenessProbe, wanted.LivenessProbe)
	fill(&given.ReadinessProbe, wanted.ReadinessProbe)
	fill(&given.StartupProbe, wanted.StartupProbe)
	fill(&given.SecurityContext, wanted.SecurityContext)
	fill(&given.ImagePullPolicy, wanted.ImagePullPolicy)
	given.Ports = fillPorts(given.Ports, wanted.Ports)
	given.Env = fillList(given.Env, wanted.Env, func(e corev1.EnvVar) string { return e.Name })
	given.VolumeMounts = fillList(given.VolumeMounts, wanted.VolumeMounts, func(m corev1.VolumeMount) string { return m.Name })
	return given
}

func fillPorts(given, wanted []corev1.ContainerPort) []corev1.ContainerPort {
	filled := append([]corev1.ContainerPort{}, given...)
	for _, port := range wanted {
		taken := false
		for _, other := range given {
			taken = taken || other.ContainerPort == port.ContainerPort || (port.Name != "" && other.Name == port.Name)
		}
		if !taken {
			filled = append(filled, port)
		}
	}
	return filled
}

func fillList[T any](given, wanted []T, name func(T) string) []T {
	filled := append([]T{}, given...)
	seen := map[string]bool{}
	for _, item := range given {
		seen[name(item)] = true
	}
	for _, item := range wanted {
		if !seen[name(item)] {
			filled = append(filled, item)
		}
	}
	return filled
}

func fillMap(given, wanted map[string]string) map[string]string {
	filled := map[string]string{}
	for key, value := range wanted {
		filled[key] = value
	}
	for key, value := range given {
		filled[key] = value
	}
	return filled
}

func fill[T comparable](given *T, wanted T) {
	var unset T
	if *given == unset {
		*given = wanted
	}
}

func fillSlice[T any](given *[]T, wanted []T) {
	if len(*given) == 0 {
		*given = wanted
	}
}

// backend is what ToolHive does for an MCPServer. The template is read by the operator, which sets
// the service account, and by the proxy runner (applyPodTemplatePatch, ensurePodTemplateConfig,
// configureMCPContainer), which makes the pod of the MCP server of it. Again the template comes
// first, but image and arguments of the first container `mcp` are those of the spec, and env is
// added behind what the template has.
func backend(pod, template corev1.PodTemplateSpec, _ []byte, container string) (corev1.PodTemplateSpec, error) {
	made := corev1.PodTemplateSpec{Spec: *template.Spec.DeepCopy()}
	made.Labels, made.Annotations = fillMap(pod.Labels, template.Labels), template.Annotations
	made.Spec.ServiceAccountName = pod.Spec.ServiceAccountName
	fill(&made.Spec.RestartPolicy, pod.Spec.RestartPolicy)
	if made.Spec.SecurityContext == nil {
		made.Spec.SecurityContext = pod.Spec.SecurityContext
	} else {
		given, wanted := made.Spec.SecurityContext, pod.Spec.SecurityContext
		fill(&given.RunAsNonRoot, wanted.RunAsNonRoot)
		fill(&given.RunAsUser, wanted.RunAsUser)
		fill(&given.RunAsGroup, wanted.RunAsGroup)
		fill(&given.FSGroup, wanted.FSGroup)
		fill(&given.SeccompProfile, wanted.SeccompProfile)
	}
	wanted := find(pod.Spec.Containers, container)
	i := index(made.Spec.Containers, container)
	if i < 0 {
		made.Spec.Containers = append(made.Spec.Containers, wanted)
		return made, nil
	}
	given := &made.Spec.Containers[i]
	given.Image = wanted.Image
	given.Args = append(given.Args, wanted.Args...)
	given.Env = append(given.Env, wanted.Env...)
	given.Stdin, given.TTY = wanted.Stdin, wanted.TTY
	if given.SecurityContext == nil {
		given.SecurityContext = wanted.SecurityContext
		return made, nil
	}
	context, base := given.SecurityContext, wanted.SecurityContext
	fill(&context.Privileged, base.Privileged)
	fill(&context.RunAsNonRoot, base.RunAsNonRoot)
	fill(&context.RunAsUser, base.RunAsUser)
	fill(&context.RunAsGroup, base.RunAsGroup)
	fill(&context.AllowPrivilegeEscalation, base.AllowPrivilegeEscalation)
	fill(&context.ReadOnlyRootFilesystem, base.ReadOnlyRootFilesystem)
	fill(&context.SeccompProfile, base.SeccompProfile)
	fill(&context.Capabilities, base.Capabilities)
	return made, nil
}

func index(containers []corev1.Container, name string) int {
	for i := range containers {
		if containers[i].Name == name {
			return i
		}
	}
	return -1
}

func find(containers []corev1.Container, name string) corev1.Container {
	if i := index(containers, name); i >= 0 {
		return containers[i]
	}
	return corev1.Container{}
}
