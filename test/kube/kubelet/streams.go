package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"runtime"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-client/pkg/logs"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// ExecInContainer runs the command on this machine; an exit code other than 0 reaches the client as such.
func (k *kubelet) ExecInContainer(ctx context.Context, _, _, _ string, command []string, in io.Reader,
	out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = k.workFolder
	cmd.Env = k.clusterEnv
	cmd.SysProcAttr = dieWithParent()
	// What dieWithParent asks for follows the thread that starts the process, which must then outlive it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var err error
	if tty {
		err = runOnTerminal(cmd, in, out, resize)
	} else {
		err = runOnPipes(cmd, in, out, errOut)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return utilexec.CodeExitError{Err: err, Code: exitCode(exit)}
	case err != nil: // as container runtimes answer for a command that does not exist
		return utilexec.CodeExitError{Err: err, Code: 127}
	}
	return nil
}

// exitCode is 128+n for a process that signal n ended, as shells have it.
func exitCode(exit *exec.ExitError) int {
	if signal, ok := endedBySignal(exit); ok {
		return 128 + signal
	}
	return exit.ExitCode()
}

func runOnPipes(cmd *exec.Cmd, in io.Reader, out, errOut io.Writer) error {
	cmd.Stdout, cmd.Stderr = out, errOut
	if in == nil {
		return cmd.Run()
	}
	// Not cmd.Stdin: Wait would then wait for the client to end its input, though the command has ended.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(stdin, in)
		_ = stdin.Close()
	}()
	return cmd.Wait()
}

func runOnTerminal(cmd *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	attributes := cmd.SysProcAttr
	terminal, err := pty.StartWithAttrs(cmd, nil, withTerminal(attributes))
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	_, _ = io.Copy(out, terminal) // ends with EIO when the command has ended
	return cmd.Wait()
}

// AttachContainer plays a container that repeats its input; without input, one that writes its log.
func (k *kubelet) AttachContainer(ctx context.Context, container, _, _ string, in io.Reader, out, errOut io.WriteCloser,
	_ bool, _ <-chan remotecommand.TerminalSize,
) error {
	if in != nil {
		_, err := io.Copy(out, in)
		return err
	}
	if errOut == nil {
		errOut = out
	}
	fromNowOn := &logs.LogOptions{Follow: true, TailLines: new(int64)}
	return logs.ReadLogs(ctx, k.logFile(container), "", fromNowOn, aliveRuntime{}, out, errOut)
}

// PortForward connects one stream with what plays the pods, and passes each side's end on to the other.
func (k *kubelet) PortForward(ctx context.Context, _, _ string, _ int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", k.podAddress)
	if err != nil {
		return err
	}
	defer connection.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(stream, connection)
	}()
	_, _ = io.Copy(connection, stream)
	_ = connection.(*net.TCPConn).CloseWrite()
	<-answered
	return nil
}
