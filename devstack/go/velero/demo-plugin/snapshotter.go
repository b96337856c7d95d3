package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// fileSnapshotter has a folder as its cloud: snapshots/<id>, volumes/<id>, and calls, a line for each call that has an effect.
// Its location names the folder as dir; without one it has a folder of its own. Words in the id of a snapshot make it
// misbehave: see CreateVolumeFromSnapshot and SetVolumeID. The id of a volume is vol-<id of the snapshot>, then -2, -3. A file
// hold in the folder keeps answers of CreateVolumeFromSnapshot back, hold-SetVolumeID and hold-DeleteSnapshot those of these
// calls; a line of held, in-SetVolumeID or in-DeleteSnapshot has the process.
type fileSnapshotter struct {
	log     logrus.FieldLogger
	dir     string
	account string
}

func (s *fileSnapshotter) Init(config map[string]string) error {
	if config["broken"] != "" {
		return errors.Errorf("the location is broken: %s", config["broken"])
	}
	if config["hang"] != "" {
		time.Sleep(time.Hour)
	}
	s.dir = config["dir"]
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "demo-cloud-")
		if err != nil {
			return err
		}
		s.dir = dir
	}
	s.account = ""
	if path := config["credentialsFile"]; path != "" {
		account, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s.account = strings.TrimSpace(string(account))
	}
	if config["needsAccount"] == "true" && s.account == "" {
		return errors.New("the location has no credentials")
	}
	return os.MkdirAll(filepath.Join(s.dir, "volumes"), 0o755)
}

// A volume of the cloud, as its file has it.
type volume struct {
	Snapshot, Type, Zone, Account string
	IOPS                          int64
}

func (s *fileSnapshotter) CreateVolumeFromSnapshot(snapshotID, volumeType, volumeAZ string, iops *int64) (string, error) {
	s.log.Infof("making a volume from snapshot %s", snapshotID)
	if err := s.note("CreateVolumeFromSnapshot " + snapshotID); err != nil {
		return "", err
	}
	switch {
	case strings.Contains(snapshotID, "missing"):
		return "", errors.Errorf("snapshot %s is not there", snapshotID)
	case strings.Contains(snapshotID, "panic"):
		panic("the snapshotter panics, as the snapshot asks for")
	case strings.Contains(snapshotID, "hang"):
		time.Sleep(time.Hour)
	case strings.Contains(snapshotID, "exit"):
		os.Exit(3)
	case strings.Contains(snapshotID, "empty"):
		return "", nil
	}
	made := volume{Snapshot: snapshotID, Type: volumeType, Zone: volumeAZ, Account: s.account}
	if iops != nil {
		made.IOPS = *iops
	}
	content, err := json.Marshal(made)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		id := "vol-" + snapshotID
		if n > 1 {
			id = fmt.Sprintf("%s-%d", id, n)
		}
		file, err := os.OpenFile(filepath.Join(s.dir, "volumes", id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if _, err := file.Write(content); err != nil {
			return "", err
		}
		if err := file.Close(); err != nil {
			return "", err
		}
		// The volume is there, and nobody knows of it.
		holdBy(filepath.Join(s.dir, "hold"), filepath.Join(s.dir, "held"))
		return id, nil
	}
}

func (s *fileSnapshotter) GetVolumeID(pv runtime.Unstructured) (string, error) {
	id, _, err := unstructured.NestedString(pv.UnstructuredContent(), "spec", "csi", "volumeHandle")
	return id, err
}

func (s *fileSnapshotter) SetVolumeID(pv runtime.Unstructured, volumeID string) (runtime.Unstructured, error) {
	s.hold("SetVolumeID")
	object := &unstructured.Unstructured{Object: pv.UnstructuredContent()}
	switch {
	case strings.Contains(volumeID, "unset"):
		return nil, errors.Errorf("volume %s cannot be set", volumeID)
	case strings.Contains(volumeID, "nameless"):
		object.SetName("")
	case strings.Contains(volumeID, "renamed"):
		object.SetName(object.GetName() + "-renamed")
	case strings.Contains(volumeID, "huge"):
		object.SetAnnotations(map[string]string{"huge": strings.Repeat("x", 100<<20)})
	}
	if err := unstructured.SetNestedField(object.Object, volumeID, "spec", "csi", "volumeHandle"); err != nil {
		return nil, err
	}
	return object, nil
}

func (s *fileSnapshotter) GetVolumeInfo(volumeID, _ string) (string, *int64, error) {
	return "file", nil, nil
}

func (s *fileSnapshotter) CreateSnapshot(volumeID, _ string, _ map[string]string) (string, error) {
	id := fmt.Sprintf("snap-%s", volumeID)
	folder := filepath.Join(s.dir, "snapshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	return id, os.WriteFile(filepath.Join(folder, id), []byte(volumeID), 0o644)
}

// DeleteSnapshot takes a missing snapshot as deleted, as the plugins of clouds do. One that is stuck stays.
func (s *fileSnapshotter) DeleteSnapshot(snapshotID string) error {
	if err := s.note("DeleteSnapshot " + snapshotID); err != nil {
		return err
	}
	s.hold("DeleteSnapshot")
	if strings.Contains(snapshotID, "stuck") {
		return errors.Errorf("snapshot %s is in use", snapshotID)
	}
	err := os.Remove(filepath.Join(s.dir, "snapshots", snapshotID))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func (s *fileSnapshotter) hold(call string) {
	holdBy(filepath.Join(s.dir, "hold-"+call), filepath.Join(s.dir, "in-"+call))
}

func (s *fileSnapshotter) note(call string) error {
	return appendLine(filepath.Join(s.dir, "calls"), call)
}
