package main

import (
	"fmt"
	"os"

	"github.com/sirupsen/logrus"

	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
)

// A file: to it is added which item of which backup was deleted. The item names it, or the Backup.
const deletedAnnotation = "demo.example.io/deleted"

// recordAction writes down the ConfigMaps of a backup that is deleted, and misbehaves where an item asks for it.
type recordAction struct{ log logrus.FieldLogger }

func (a *recordAction) AppliesTo() (velero.ResourceSelector, error) {
	return velero.ResourceSelector{IncludedResources: []string{"cm"}}, nil
}

func (a *recordAction) Execute(in *velero.DeleteItemActionExecuteInput) error {
	item, err := meta(in.Item)
	if err != nil {
		return err
	}
	a.log.Infof("deleting %s", item.name)
	hold("DeleteItemAction", in.Backup.Name)
	path := item.annotations[deletedAnnotation]
	if path == "" {
		path = in.Backup.Annotations[deletedAnnotation]
	}
	if path == "" {
		return misbehave(item)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "%s of %s\n", item.name, in.Backup.Name); err != nil {
		return err
	}
	return misbehave(item)
}
