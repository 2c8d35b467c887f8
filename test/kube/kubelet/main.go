// Command kubelet answers what kube-apiserver asks of a node on behalf of clients: logs, exec, attach and port-forward.
//
// kwok says that pods run; this makes them answer as pods do, with the stream libraries of the real kubelet. kwok's own
// server never ends a command's input and loses exit codes. Commands run on this machine, as this user.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net/http"
	"os"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	idleTimeout           = 4 * time.Hour // the kubelet's default
	streamCreationTimeout = remotecommand.DefaultStreamCreationTimeout
)

type kubelet struct {
	logsFolder string
	workFolder string
	podAddress string
	clusterEnv []string
}

func main() {
	address := flag.String("address", "", "host:port to serve on")
	certFile := flag.String("tls-cert-file", "", "serving certificate")
	keyFile := flag.String("tls-private-key-file", "", "its key")
	clientCA := flag.String("client-ca-file", "", "CA that callers' certificates must come from")
	cluster := flag.String("cluster", "", "what commands find in $CLUSTER")
	var k kubelet
	flag.StringVar(&k.logsFolder, "logs", "", "folder with <namespace>_<pod>_<container>.log; all.log is for all others")
	flag.StringVar(&k.workFolder, "work", "", "where commands start")
	flag.StringVar(&k.podAddress, "pod-address", "", "host:port that every port of every pod leads to")
	flag.Parse()
	k.clusterEnv = append(os.Environ(), "CLUSTER="+*cluster)

	ca, err := os.ReadFile(*clientCA)
	if err != nil {
		log.Fatal(err)
	}
	callers := x509.NewCertPool()
	callers.AppendCertsFromPEM(ca)
	server := &http.Server{
		Addr:    *address,
		Handler: k.handler(),
		// HTTP/1.1 only: SPDY takes the connection over.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig:    &tls.Config{ClientCAs: callers, ClientAuth: tls.RequireAndVerifyClientCert},
	}
	log.Fatal(server.ListenAndServeTLS(*certFile, *keyFile))
}

func (k *kubelet) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLogs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", k.serveExec)
	mux.HandleFunc("/attach/{namespace}/{pod}/{container}", k.serveAttach)
	mux.HandleFunc("/portForward/{namespace}/{pod}", k.servePortForward)
	return mux
}

func (k *kubelet) serveExec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, k, r.PathValue("pod"), "", r.PathValue("container"), r.Form["command"], options,
		idleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (k *kubelet) serveAttach(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod := containerOf(r)
	remotecommand.ServeAttach(w, r, k, pod, "", r.PathValue("container"), options,
		idleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (k *kubelet) servePortForward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, k, r.PathValue("pod"), "", options,
		idleTimeout, streamCreationTimeout, portforward.SupportedProtocols)
}
