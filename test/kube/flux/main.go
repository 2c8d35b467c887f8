// What Flux's kustomize-controller does with a set of manifests, by Flux's own library: apply, compare by dry-run, wait until
// all is ready, delete. Each step prints a line of JSON that says what it did to each object.
//
//	flux KUBECONFIG MANIFESTS
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	ssautil "github.com/fluxcd/pkg/ssa/utils"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, kubeconfig, manifest string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 500, 1000
	api, err := client.New(config, client.Options{})
	if err != nil {
		return err
	}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, httpClient)
	if err != nil {
		return err
	}
	poller := polling.NewStatusPoller(api, mapper, polling.Options{})
	manager := ssa.NewResourceManager(api, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
	text, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, step := range []string{"apply", "diff", "apply", "diff", "wait", "diff", "delete"} {
		objects, err := ssautil.ReadObjects(bytes.NewReader(text))
		if err != nil {
			return err
		}
		if err := normalize.UnstructuredList(objects); err != nil {
			return err
		}
		actions := map[string]string{}
		switch step {
		case "apply":
			set, err := manager.ApplyAllStaged(ctx, objects, ssa.DefaultApplyOptions())
			if err != nil {
				return fmt.Errorf("apply: %w", err)
			}
			for _, entry := range set.Entries {
				actions[entry.Subject] = string(entry.Action)
			}
		case "diff":
			for _, object := range objects {
				entry, _, _, err := manager.Diff(ctx, object, ssa.DefaultDiffOptions())
				if err != nil {
					return fmt.Errorf("diff: %w", err)
				}
				actions[entry.Subject] = string(entry.Action)
			}
		case "wait":
			if err := manager.Wait(objects, ssa.WaitOptions{Interval: 500 * time.Millisecond, Timeout: time.Minute}); err != nil {
				return fmt.Errorf("wait: %w", err)
			}
		case "delete":
			set, err := manager.DeleteAll(ctx, objects, ssa.DefaultDeleteOptions())
			if err != nil {
				return fmt.Errorf("delete: %w", err)
			}
			for _, entry := range set.Entries {
				actions[entry.Subject] = string(entry.Action)
			}
			if err := manager.WaitForTermination(objects, ssa.WaitOptions{Interval: 500 * time.Millisecond, Timeout: time.Minute}); err != nil {
				return fmt.Errorf("wait for termination: %w", err)
			}
		}
		if err := out.Encode(map[string]any{"step": step, "actions": actions}); err != nil {
			return err
		}
	}
	return nil
}
