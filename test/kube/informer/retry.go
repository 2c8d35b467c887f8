package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// What a RetryWatcher says, applied to a map: events that are doubled, lost or out of order show in it.
type retried struct {
	client dynamic.ResourceInterface
	lock   sync.Mutex
	state  snapshot
}

func startRetryWatchers(ctx context.Context, config *rest.Config) (map[string]store, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	stores := map[string]store{}
	for name, resource := range map[string]schema.GroupVersionResource{
		"retry:pods":       {Version: "v1", Resource: "pods"},
		"retry:configmaps": {Version: "v1", Resource: "configmaps"},
		"retry:nodes":      {Version: "v1", Resource: "nodes"},
	} {
		one := &retried{client: client.Resource(resource)}
		version, err := one.list(ctx)
		if err != nil {
			return nil, err
		}
		go one.follow(ctx, name, version)
		stores[name] = one
	}
	return stores, nil
}

// Begins anew with all there is; gives the version from which to watch.
func (r *retried) list(ctx context.Context) (string, error) {
	list, err := r.client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.state.Objects = map[string]string{}
	return list.GetResourceVersion(), meta.EachListItem(list, func(object runtime.Object) error {
		r.put(object.(*unstructured.Unstructured))
		return nil
	})
}

// A RetryWatcher ends for one reason only: its version is gone. Then a list is due, as its callers do it.
func (r *retried) follow(ctx context.Context, name, version string) {
	for ctx.Err() == nil {
		watcher, err := watchtools.NewRetryWatcherWithContext(ctx, version, &cache.ListWatch{
			WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
				return r.client.Watch(ctx, options)
			},
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, name, err)
			return
		}
		for event := range watcher.ResultChan() {
			r.apply(name, event)
		}
		if ctx.Err() != nil {
			return
		}
		r.lock.Lock()
		r.state.Missed++
		r.lock.Unlock()
		for version, err = r.list(ctx); err != nil && ctx.Err() == nil; version, err = r.list(ctx) {
			fmt.Fprintln(os.Stderr, name, err)
			time.Sleep(time.Second)
		}
	}
}

func (r *retried) apply(name string, event watch.Event) {
	r.lock.Lock()
	defer r.lock.Unlock()
	object, ok := event.Object.(*unstructured.Unstructured)
	if event.Type == watch.Error {
		fmt.Fprintln(os.Stderr, name, apierrors.FromObject(event.Object))
		return
	}
	if !ok {
		return
	}
	key := keyOf(object)
	_, known := r.state.Objects[key]
	switch event.Type {
	case watch.Added:
		if known {
			fmt.Fprintln(os.Stderr, name, "ADDED, but known already:", key)
		}
		r.state.Added++
		r.put(object)
	case watch.Modified:
		if !known {
			fmt.Fprintln(os.Stderr, name, "MODIFIED, but not known:", key)
		}
		r.state.Updated++
		r.put(object)
	case watch.Deleted:
		if !known {
			fmt.Fprintln(os.Stderr, name, "DELETED, but not known:", key)
		}
		r.state.Deleted++
		delete(r.state.Objects, key)
	}
}

func (r *retried) put(object *unstructured.Unstructured) {
	r.state.Objects[keyOf(object)] = string(object.GetUID())
}

func keyOf(object *unstructured.Unstructured) string {
	key, _ := cache.MetaNamespaceKeyFunc(object)
	return key
}

func (r *retried) snapshot() (snapshot, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	copied := r.state
	copied.Objects = map[string]string{}
	for key, uid := range r.state.Objects {
		copied.Objects[key] = uid
	}
	return copied, nil
}
