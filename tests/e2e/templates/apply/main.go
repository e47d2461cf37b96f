// Command apply makes pods as ToolHive 0.63 makes them of pod templates. Each line of stdin is a
// question, each line of stdout its answer:
//
//	{"by": "patch", "container": "vmcp", "pod": {…what the operator sets…}, "template": {…spec.podTemplateSpec…}}
//	{"pod": {…}} or {"error": "why no pod is made of it"}
//
// `by` is one of three ways. A patch is ApplyPodTemplateSpecPatch of ToolHive, which is
// Kubernetes' own strategic merge; the other two are in merge.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	storedjson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

type question struct {
	By        string                 `json:"by"`
	Container string                 `json:"container"`
	Pod       corev1.PodTemplateSpec `json:"pod"`
	Template  json.RawMessage        `json:"template"`
}

type answer struct {
	Pod   *corev1.PodTemplateSpec `json:"pod,omitempty"`
	Error string                  `json:"error,omitempty"`
}

var ways = map[string]func(pod, template corev1.PodTemplateSpec, raw []byte, container string) (corev1.PodTemplateSpec, error){
	"patch":    patch,
	"registry": registry,
	"backend":  backend,
}

// stored returns the JSON that the operator reads: the API server keeps the template as a map, so
// numbers are rewritten and the last of two equal keys is what stays.
func stored(template []byte) ([]byte, error) {
	var object map[string]any
	if err := storedjson.Unmarshal(template, &object); err != nil {
		return nil, err
	}
	return json.Marshal(object)
}

func patch(pod, _ corev1.PodTemplateSpec, raw []byte, _ string) (corev1.PodTemplateSpec, error) {
	original, err := json.Marshal(pod)
	if err != nil {
		return pod, err
	}
	patched, err := strategicpatch.StrategicMergePatch(original, raw, corev1.PodTemplateSpec{})
	if err != nil {
		return pod, err
	}
	var made corev1.PodTemplateSpec
	return made, json.Unmarshal(patched, &made)
}

func reply(line []byte) (made corev1.PodTemplateSpec, err error) {
	var asked question
	if err = json.Unmarshal(line, &asked); err != nil {
		fmt.Fprintln(os.Stderr, "apply: not a question:", err)
		os.Exit(2)
	}
	way, known := ways[asked.By]
	if !known {
		fmt.Fprintf(os.Stderr, "apply: no way %q\n", asked.By)
		os.Exit(2)
	}
	defer func() { // the library panics on some patches, and takes the operator's worker with it
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	raw, err := stored(asked.Template)
	if err != nil {
		return made, err
	}
	var template corev1.PodTemplateSpec // every kind reads the template so before it is applied, and applies none that cannot be read
	if err = json.Unmarshal(raw, &template); err != nil {
		return made, err
	}
	return way(asked.Pod, template, raw, asked.Container)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		made, err := reply(line)
		result := answer{Pod: &made}
		if err != nil {
			result = answer{Error: err.Error()}
		}
		if err := encoder.Encode(result); err != nil {
			fmt.Fprintln(os.Stderr, "apply:", err)
			os.Exit(2)
		}
	}
}
