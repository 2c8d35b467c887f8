package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/util/flushwriter"
	criapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-client/pkg/logs"
)

// containerOf names a container as its log file does.
func containerOf(r *http.Request) string {
	return r.PathValue("namespace") + "_" + r.PathValue("pod") + "_" + r.PathValue("container")
}

// logFile is the container's own file where a test has written one, else the one for all.
func (k *kubelet) logFile(container string) string {
	own := filepath.Join(k.logsFolder, filepath.Base(container)+".log")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(k.logsFolder, "all.log")
}

func (k *kubelet) serveLogs(w http.ResponseWriter, r *http.Request) {
	options, err := logOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	file := k.logFile(containerOf(r))
	if options.Previous {
		file = k.logFile(containerOf(r) + "_previous")
		if filepath.Base(file) == "all.log" {
			message := fmt.Sprintf("previous terminated container %q in pod %q not found", r.PathValue("container"), r.PathValue("pod"))
			http.Error(w, message, http.StatusBadRequest)
			return
		}
	}
	out := flushwriter.Wrap(w)
	stdout, stderr := io.Writer(out), io.Writer(out)
	if options.Stream != nil && *options.Stream == corev1.LogStreamStdout {
		stderr = io.Discard
	}
	if options.Stream != nil && *options.Stream == corev1.LogStreamStderr {
		stdout = io.Discard
	}
	w.WriteHeader(http.StatusOK)
	read := &logs.LogOptions{
		TailLines:  options.TailLines,
		LimitBytes: options.LimitBytes,
		Follow:     options.Follow,
		Timestamp:  options.Timestamps,
	}
	if options.SinceSeconds != nil {
		read.Since = time.Now().Add(-time.Duration(*options.SinceSeconds) * time.Second)
	} else if options.SinceTime != nil {
		read.Since = options.SinceTime.Time
	}
	_ = logs.ReadLogs(r.Context(), file, "", read, aliveRuntime{}, stdout, stderr)
}

// logOptions reads what kube-apiserver passes on of PodLogOptions.
func logOptions(r *http.Request) (*corev1.PodLogOptions, error) {
	query := r.URL.Query()
	options := &corev1.PodLogOptions{
		Follow:     query.Get("follow") == "true",
		Previous:   query.Get("previous") == "true",
		Timestamps: query.Get("timestamps") == "true",
	}
	if stream := query.Get("stream"); stream != "" {
		options.Stream = &stream
	}
	for name, field := range map[string]**int64{
		"tailLines": &options.TailLines, "limitBytes": &options.LimitBytes, "sinceSeconds": &options.SinceSeconds,
	} {
		if text := query.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			*field = &number
		}
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, err
		}
		options.SinceTime = &metav1.Time{Time: since}
	}
	return options, nil
}

// aliveRuntime lets a follower follow for as long as the client listens: "unavailable" counts as still running.
type aliveRuntime struct{ criapi.RuntimeService }

func (aliveRuntime) ContainerStatus(context.Context, string, bool) (*runtimeapi.ContainerStatusResponse, error) {
	return nil, status.Error(codes.Unavailable, "no runtime")
}
