package main

import (
	"context"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

type informed struct {
	informer                        cache.SharedIndexInformer
	added, updated, deleted, missed atomic.Int64
}

func startInformers(ctx context.Context, config *rest.Config) (map[string]store, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	all := map[string]*informed{
		"pods":        {informer: factory.Core().V1().Pods().Informer()},
		"deployments": {informer: factory.Apps().V1().Deployments().Informer()},
		"replicasets": {informer: factory.Apps().V1().ReplicaSets().Informer()},
		"configmaps":  {informer: factory.Core().V1().ConfigMaps().Informer()},
		"nodes":       {informer: factory.Core().V1().Nodes().Informer()},
	}
	stores := map[string]store{}
	for name, one := range all {
		if _, err := one.informer.AddEventHandler(one.counters()); err != nil {
			return nil, err
		}
		stores[name] = one
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	return stores, nil
}

func (i *informed) counters() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { i.added.Add(1) },
		UpdateFunc: func(any, any) { i.updated.Add(1) },
		DeleteFunc: func(object any) {
			i.deleted.Add(1)
			if _, unseen := object.(cache.DeletedFinalStateUnknown); unseen {
				i.missed.Add(1)
			}
		},
	}
}

func (i *informed) snapshot() (snapshot, error) {
	objects := map[string]string{}
	for _, object := range i.informer.GetStore().List() {
		if accessor, err := meta.Accessor(object); err == nil {
			key, _ := cache.MetaNamespaceKeyFunc(object)
			objects[key] = string(accessor.GetUID())
		}
	}
	return snapshot{objects, i.added.Load(), i.updated.Load(), i.deleted.Load(), i.missed.Load()}, nil
}
