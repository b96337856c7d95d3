package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/sirupsen/logrus"
)

// folderStore has a folder as its cloud: the config key dir names it, and each bucket is a folder in it. The key misbehave
// says at which call it does what: <call>:<what>, such as GetObject:hang. The words are those of misbehave, for stores. A file
// hold-<call> in the folder keeps the call that the key hold names from its answer; a line of in-<call> has the process.
type folderStore struct {
	log       logrus.FieldLogger
	dir       string
	misbehave string
	hold      string
}

func (s *folderStore) Init(config map[string]string) error {
	s.dir, s.misbehave, s.hold = config["dir"], config["misbehave"], config["hold"]
	if config["broken"] != "" {
		return errors.Errorf("the location is broken: %s", config["broken"])
	}
	return s.at("Init")
}

func (s *folderStore) at(call string) error {
	if s.hold == call {
		holdBy(filepath.Join(s.dir, "hold-"+call), filepath.Join(s.dir, "in-"+call))
	}
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
	// An object is there as a whole or not at all, as in a cloud.
	part, err := os.CreateTemp(s.dir, "part-")
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
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

func (s *folderStore) ListCommonPrefixes(bucket, prefix, delimiter string) ([]string, error) {
	if err := s.at("ListCommonPrefixes"); err != nil {
		return nil, err
	}
	if s.misbehave == "ListCommonPrefixes:huge" {
		return []string{strings.Repeat("x", 100<<20)}, nil
	}
	var prefixes []string
	keys, err := s.keys(bucket, prefix)
	for _, key := range keys {
		first, _, isFolder := strings.Cut(strings.TrimPrefix(key, prefix), delimiter)
		if folder := prefix + first + delimiter; isFolder && !slices.Contains(prefixes, folder) {
			prefixes = append(prefixes, folder)
		}
	}
	return prefixes, err
}

// The keys of a bucket under a prefix, in order.
func (s *folderStore) keys(bucket, prefix string) ([]string, error) {
	root := filepath.Join(s.dir, bucket)
	var keys []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		// Others write and delete meanwhile.
		if os.IsNotExist(err) && path != root {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		if key := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator))); strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

func (s *folderStore) ListObjects(bucket, prefix string) ([]string, error) {
	if err := s.at("ListObjects"); err != nil {
		return nil, err
	}
	if s.misbehave == "ListObjects:huge" {
		return []string{strings.Repeat("x", 100<<20)}, nil
	}
	return s.keys(bucket, prefix)
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
