// Reads manifests with kubectl's own loader, as `kubectl apply -f FILE` does before it talks to a server.
//
// Each line of standard input is the name of a file; for each, one line of JSON is written:
// {"objects": […], "error": "…"}. Numbers keep their type: a floating-point number has a fraction or an exponent.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"
)

type answer struct {
	Objects []any  `json:"objects"`
	Error   string `json:"error,omitempty"`
}

// typed returns value with each float64 as a number that cannot be taken for an integer.
func typed(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			value[key] = typed(member)
		}
	case []any:
		for i, item := range value {
			value[i] = typed(item)
		}
	case float64:
		text := strconv.FormatFloat(value, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return json.Number(text)
	}
	return value
}

func read(file string) (result answer) {
	result.Objects = []any{}
	defer func() {
		if fault := recover(); fault != nil {
			result.Error = fmt.Sprint("panic: ", fault)
		}
	}()
	err := resource.NewLocalBuilder().
		Unstructured().
		FilenameParam(false, &resource.FilenameOptions{Filenames: []string{file}}).
		Flatten().
		Do().
		Visit(func(info *resource.Info, err error) error {
			if err != nil {
				return err
			}
			object, ok := info.Object.(*unstructured.Unstructured)
			if !ok {
				return fmt.Errorf("found a %T", info.Object)
			}
			result.Objects = append(result.Objects, typed(object.Object))
			return nil
		})
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func main() {
	names := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for names.Scan() {
		if err := encoder.Encode(read(names.Text())); err != nil {
			fmt.Fprintln(os.Stderr, "loader:", err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "loader:", err)
		os.Exit(1)
	}
}
