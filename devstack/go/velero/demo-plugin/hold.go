package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// hold keeps a call from its answer as long as the folder of DEMO_HOLD_DIR has a file hold-<call>-<restore>, and notes the
// process in the file in-<call>-<restore>. Of calls that are about no restore the name is any, or that of the backup.
func hold(call, restore string) {
	if dir := os.Getenv("DEMO_HOLD_DIR"); dir != "" {
		what := fmt.Sprintf("%s-%s", call, restore)
		holdBy(filepath.Join(dir, "hold-"+what), filepath.Join(dir, "in-"+what))
	}
}

// holdBy waits until a file is gone; while it waits, a line of the other file has the process.
func holdBy(file, note string) {
	for noted := false; ; noted = true {
		if _, err := os.Stat(file); err != nil {
			return
		}
		if !noted {
			appendLine(note, fmt.Sprint(os.Getpid()))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, line)
	return err
}
