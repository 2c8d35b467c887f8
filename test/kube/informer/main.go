// Clients as controllers are written: SharedInformers of client-go, RetryWatchers, and the cache of a controller-runtime
// manager, whose stores a test reads. It runs until its input ends, and answers each line of input with all its stores as
// one line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
)

// What one client holds of one kind, and what it was told since the start.
type snapshot struct {
	Objects map[string]string `json:"objects"` // namespace/name to uid
	Added   int64             `json:"added"`
	Updated int64             `json:"updated"`
	Deleted int64             `json:"deleted"`
	// Informers: deletions that were noticed by a list only. RetryWatchers: how often one had ended and a list was needed.
	Missed int64 `json:"missed"`
}

// One kind as one client sees it.
type store interface {
	snapshot() (snapshot, error)
}

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	stores := map[string]store{}
	for _, start := range []func() (map[string]store, error){
		func() (map[string]store, error) { return startInformers(ctx, config) },
		func() (map[string]store, error) { return startRetryWatchers(ctx, config) },
		func() (map[string]store, error) { return startManager(ctx, config) },
	} {
		started, err := start()
		if err != nil {
			return err
		}
		for name, one := range started {
			stores[name] = one
		}
	}
	fmt.Println("synced")

	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		all := map[string]snapshot{}
		for name, one := range stores {
			if all[name], err = one.snapshot(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
			return err
		}
	}
	return input.Err()
}
