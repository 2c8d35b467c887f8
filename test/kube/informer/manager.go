package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// A reconciler that remembers what it saw: the level-triggered counterpart of the manager's cache.
type reconciled struct {
	client client.Client
	empty  client.Object
	lists  client.ObjectList
	lock   sync.Mutex
	seen   map[string]string
}

// The stores are named after the kinds: `manager:…` is the cache, `reconciled:…` what reconcilers saw last.
func startManager(ctx context.Context, config *rest.Config) (map[string]store, error) {
	ctrl.SetLogger(logr.Discard())
	manager, err := ctrl.NewManager(config, ctrl.Options{Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		return nil, err
	}
	stores := map[string]store{}
	for name, one := range map[string]*reconciled{
		"pods":        {empty: &corev1.Pod{}, lists: &corev1.PodList{}},
		"deployments": {empty: &appsv1.Deployment{}, lists: &appsv1.DeploymentList{}},
		"replicasets": {empty: &appsv1.ReplicaSet{}, lists: &appsv1.ReplicaSetList{}},
	} {
		one.client, one.seen = manager.GetClient(), map[string]string{}
		if err := ctrl.NewControllerManagedBy(manager).For(one.empty).Complete(one); err != nil {
			return nil, err
		}
		stores["reconciled:"+name] = one
		stores["manager:"+name] = cached{one}
	}
	go func() {
		if err := manager.Start(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "manager:", err)
		}
	}()
	if !manager.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.New("the manager's cache was never synced")
	}
	return stores, nil
}

func (r *reconciled) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := r.empty.DeepCopyObject().(client.Object)
	err := r.client.Get(ctx, request.NamespacedName, object)
	r.lock.Lock()
	defer r.lock.Unlock()
	key := cache.NewObjectName(request.Namespace, request.Name).String()
	if apierrors.IsNotFound(err) {
		delete(r.seen, key)
		return ctrl.Result{}, nil
	}
	r.seen[key] = string(object.GetUID())
	return ctrl.Result{}, err
}

func (r *reconciled) snapshot() (snapshot, error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	objects := map[string]string{}
	for key, uid := range r.seen {
		objects[key] = uid
	}
	return snapshot{Objects: objects}, nil
}

// The manager's cache, as a reconciler lists it.
type cached struct{ *reconciled }

func (c cached) snapshot() (snapshot, error) {
	list := c.lists.DeepCopyObject().(client.ObjectList)
	if err := c.client.List(context.Background(), list); err != nil {
		return snapshot{}, err
	}
	objects := map[string]string{}
	items, err := meta.ExtractList(list)
	for _, item := range items {
		object := item.(client.Object)
		objects[cache.NewObjectName(object.GetNamespace(), object.GetName()).String()] = string(object.GetUID())
	}
	return snapshot{Objects: objects}, err
}
