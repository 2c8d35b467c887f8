// A client as controllers are written: SharedInformers of client-go, whose stores a test reads.
// It runs until its input ends, and answers each line of input with its stores as one line of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// What one informer holds, and what it told its listeners since the start.
type snapshot struct {
	Objects map[string]string `json:"objects"` // namespace/name to uid
	Added   int64             `json:"added"`
	Updated int64             `json:"updated"`
	Deleted int64             `json:"deleted"`
	// Deletions that were noticed by a list only: events were missed.
	Missed int64 `json:"missed"`
}

type watched struct {
	informer                        cache.SharedIndexInformer
	added, updated, deleted, missed atomic.Int64
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	all := map[string]*watched{
		"pods":        {informer: factory.Core().V1().Pods().Informer()},
		"deployments": {informer: factory.Apps().V1().Deployments().Informer()},
		"replicasets": {informer: factory.Apps().V1().ReplicaSets().Informer()},
		"configmaps":  {informer: factory.Core().V1().ConfigMaps().Informer()},
		"nodes":       {informer: factory.Core().V1().Nodes().Informer()},
	}
	for _, one := range all {
		if _, err := one.informer.AddEventHandler(one.counters()); err != nil {
			return err
		}
	}
	stop := make(chan struct{})
	defer close(stop)
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	fmt.Println("synced")

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		stores := map[string]snapshot{}
		for name, one := range all {
			stores[name] = one.snapshot()
		}
		if err := json.NewEncoder(os.Stdout).Encode(stores); err != nil {
			return err
		}
	}
	return input.Err()
}

func (w *watched) counters() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.added.Add(1) },
		UpdateFunc: func(any, any) { w.updated.Add(1) },
		DeleteFunc: func(object any) {
			w.deleted.Add(1)
			if _, unseen := object.(cache.DeletedFinalStateUnknown); unseen {
				w.missed.Add(1)
			}
		},
	}
}

func (w *watched) snapshot() snapshot {
	objects := map[string]string{}
	for _, object := range w.informer.GetStore().List() {
		if accessor, err := meta.Accessor(object); err == nil {
			key, _ := cache.MetaNamespaceKeyFunc(object)
			objects[key] = string(accessor.GetUID())
		}
	}
	return snapshot{objects, w.added.Load(), w.updated.Load(), w.deleted.Load(), w.missed.Load()}
}
