// A plugin for tests, built against Velero's own framework. It has two RestoreItemActions for ConfigMaps: one adds a label
// and asks for additional items, one begins an asynchronous operation. Annotations of an item make it misbehave. Its
// VolumeSnapshotter and its ObjectStore have a folder as their cloud, and its DeleteItemAction writes down what is deleted.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/vmware-tanzu/velero/pkg/apis/velero/v1"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

const (
	// The label that the first action adds to each ConfigMap.
	restoredLabel = "demo.example.io/restored"
	// Additional items, as resource:namespace:name, separated by commas.
	wantsAnnotation = "demo.example.io/wants"
	// ConfigMaps with this label begin an operation.
	asyncLabel = "demo.example.io/async"
	// What to do instead of an answer: one of the words of misbehave.
	doAnnotation = "demo.example.io/do"
	// A file: misbehave only while it is absent.
	onceAnnotation = "demo.example.io/once"
)

func main() {
	framework.NewServer().
		BindFlags(pflag.CommandLine).
		RegisterRestoreItemAction("example.io/label", func(log logrus.FieldLogger) (any, error) {
			return &labelAction{log: log}, nil
		}).
		RegisterRestoreItemActionV2("example.io/operation", func(log logrus.FieldLogger) (any, error) {
			return &operationAction{log: log}, nil
		}).
		RegisterObjectStore("example.io/folder", func(log logrus.FieldLogger) (any, error) {
			return &folderStore{log: log}, nil
		}).
		RegisterDeleteItemAction("example.io/record", func(log logrus.FieldLogger) (any, error) {
			return &recordAction{log: log}, nil
		}).
		RegisterVolumeSnapshotter("example.io/files", func(log logrus.FieldLogger) (any, error) {
			return &fileSnapshotter{log: log}, nil
		}).
		Serve()
}

// labelAction adds a label, asks for additional items, and misbehaves where an item asks for it.
type labelAction struct{ log logrus.FieldLogger }

func (a *labelAction) AppliesTo() (velero.ResourceSelector, error) {
	hold("AppliesTo", "any")
	return velero.ResourceSelector{IncludedResources: []string{"cm"}}, nil
}

func (a *labelAction) Execute(in *velero.RestoreItemActionExecuteInput) (*velero.RestoreItemActionExecuteOutput, error) {
	item, err := meta(in.Item)
	if err != nil {
		return nil, err
	}
	a.log.Infof("labelling %s", item.name)
	hold("Execute", in.Restore.Name)
	if err := misbehave(item); err != nil {
		return nil, err
	}
	item.labels[restoredLabel] = "true"
	item.content["labels"] = item.labels
	if item.annotations[doAnnotation] == "nameless" {
		delete(item.content, "name")
	}
	out := velero.NewRestoreItemActionExecuteOutput(in.Item)
	out.SkipRestore = item.annotations[doAnnotation] == "skip"
	out.AdditionalItems = wanted(item)
	return out, nil
}

// operationAction begins an operation that completes at its first look, or never.
type operationAction struct{ log logrus.FieldLogger }

func (a *operationAction) Name() string { return "" }

func (a *operationAction) AppliesTo() (velero.ResourceSelector, error) {
	return velero.ResourceSelector{IncludedResources: []string{"configmaps"}, LabelSelector: asyncLabel}, nil
}

func (a *operationAction) Execute(in *velero.RestoreItemActionExecuteInput) (*velero.RestoreItemActionExecuteOutput, error) {
	item, err := meta(in.Item)
	if err != nil {
		return nil, err
	}
	out := velero.NewRestoreItemActionExecuteOutput(in.Item).WithOperationID(fmt.Sprintf("%v-%s", item.labels[asyncLabel], item.name))
	out.AdditionalItems = wanted(item)
	return out.WithItemsWait(), nil
}

func (a *operationAction) Progress(id string, restore *api.Restore) (velero.OperationProgress, error) {
	hold("Progress", restore.Name)
	begun := time.Unix(1700000000, 0)
	progress := velero.OperationProgress{NCompleted: 1, NTotal: 3, OperationUnits: "steps", Description: "working", Started: begun, Updated: begun}
	switch {
	case strings.HasPrefix(id, "done-"):
		progress.Completed, progress.NCompleted, progress.Description = true, 3, "all done"
	case strings.HasPrefix(id, "failed-"):
		progress.Completed, progress.Err = true, "the operation of the plugin has failed"
	}
	return progress, nil
}

func (a *operationAction) Cancel(id string, restore *api.Restore) error {
	hold("Cancel", restore.Name)
	a.log.Infof("cancelling %s", id)
	return nil
}

func (a *operationAction) AreAdditionalItemsReady(items []velero.ResourceIdentifier, restore *api.Restore) (bool, error) {
	hold("AreAdditionalItemsReady", restore.Name)
	a.log.Infof("%d additional items are ready", len(items))
	return true, nil
}

// itemMeta is what the actions read and change of an item.
type itemMeta struct {
	name        string
	content     map[string]any
	labels      map[string]any
	annotations map[string]string
}

func meta(in runtime.Unstructured) (itemMeta, error) {
	content, ok := in.UnstructuredContent()["metadata"].(map[string]any)
	if !ok {
		return itemMeta{}, errors.New("the item has no metadata")
	}
	item := itemMeta{content: content, labels: map[string]any{}, annotations: map[string]string{}}
	item.name, _ = content["name"].(string)
	if labels, ok := content["labels"].(map[string]any); ok {
		item.labels = labels
	}
	if annotations, ok := content["annotations"].(map[string]any); ok {
		for key, value := range annotations {
			item.annotations[key], _ = value.(string)
		}
	}
	return item, nil
}

func wanted(item itemMeta) []velero.ResourceIdentifier {
	var items []velero.ResourceIdentifier
	for _, want := range strings.Split(item.annotations[wantsAnnotation], ",") {
		if parts := strings.Split(want, ":"); len(parts) == 3 {
			id := velero.ResourceIdentifier{GroupResource: schema.ParseGroupResource(parts[0]), Namespace: parts[1], Name: parts[2]}
			items = append(items, id)
		}
	}
	return items
}

// Ends the process, hangs or floods its output, where that is asked for.
func disturb(what string) {
	switch what {
	case "exit":
		os.Exit(3)
	case "hang":
		time.Sleep(time.Hour)
	case "flood":
		line := bytes.Repeat([]byte("flood "), 200)
		for range 2000 {
			fmt.Fprintf(os.Stdout, "%s\n", line)
			fmt.Fprintf(os.Stderr, "%s\n", line)
		}
	}
}

func misbehave(item itemMeta) error {
	if once := item.annotations[onceAnnotation]; once != "" {
		if _, err := os.Stat(once); err == nil {
			return nil
		}
		if err := os.WriteFile(once, nil, 0o600); err != nil {
			return err
		}
	}
	disturb(item.annotations[doAnnotation])
	switch item.annotations[doAnnotation] {
	case "huge":
		item.content["annotations"] = map[string]any{"huge": strings.Repeat("x", 100<<20)}
	case "fail":
		return errors.New("the action fails, as its item asks for")
	case "panic":
		panic("the action panics, as its item asks for")
	}
	return nil
}
