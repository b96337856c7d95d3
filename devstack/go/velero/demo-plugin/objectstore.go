package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/sirupsen/logrus"
)

// folderStore has a folder as its cloud: the config key dir names it, and each bucket is a folder in it. The key misbehave
// says at which call it does what: <call>:<what>, such as GetObject:hang. The words are those of misbehave, for stores.
type folderStore struct {
	log       logrus.FieldLogger
	dir       string
	misbehave string
}

func (s *folderStore) Init(config map[string]string) error {
	s.dir, s.misbehave = config["dir"], config["misbehave"]
	if config["broken"] != "" {
		return errors.Errorf("the location is broken: %s", config["broken"])
	}
	return s.at("Init")
}

func (s *folderStore) at(call string) error {
	at, what, _ := strings.Cut(s.misbehave, ":")
	if at != call {
		return nil
	}
	disturb(what)
	if what == "fail" {
		return errors.New("the store fails, as its location asks for")
	}
	return nil
}

func (s *folderStore) PutObject(bucket, key string, body io.Reader) error {
	if err := s.at("PutObject"); err != nil {
		return err
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, bucket, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

func (s *folderStore) ObjectExists(bucket, key string) (bool, error) {
	if err := s.at("ObjectExists"); err != nil {
		return false, err
	}
	_, err := os.Stat(filepath.Join(s.dir, bucket, key))
	return err == nil, nil
}

func (s *folderStore) GetObject(bucket, key string) (io.ReadCloser, error) {
	if err := s.at("GetObject"); err != nil {
		return nil, err
	}
	// 300 MB, more than is read of an object.
	if s.misbehave == "GetObject:huge" {
		return io.NopCloser(io.LimitReader(zeros{}, 300<<20)), nil
	}
	return os.Open(filepath.Join(s.dir, bucket, key))
}

func (s *folderStore) ListCommonPrefixes(bucket, delimiter, prefix string) ([]string, error) {
	if err := s.at("ListCommonPrefixes"); err != nil {
		return nil, err
	}
	if s.misbehave == "ListCommonPrefixes:huge" {
		return []string{strings.Repeat("x", 100<<20)}, nil
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, bucket))
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name()+"/")
	}
	return names, err
}

func (s *folderStore) ListObjects(bucket, prefix string) ([]string, error) {
	if err := s.at("ListObjects"); err != nil {
		return nil, err
	}
	if s.misbehave == "ListObjects:huge" {
		return []string{strings.Repeat("x", 100<<20)}, nil
	}
	return nil, nil
}

func (s *folderStore) DeleteObject(bucket, key string) error {
	if err := s.at("DeleteObject"); err != nil {
		return err
	}
	return os.Remove(filepath.Join(s.dir, bucket, key))
}

func (s *folderStore) CreateSignedURL(bucket, key string, ttl time.Duration) (string, error) {
	return "file://" + filepath.Join(s.dir, bucket, key), s.at("CreateSignedURL")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
