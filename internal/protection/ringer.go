package protection

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"codeberg.org/ailleurs/ailleurs"
)

// A Ringer makes a phone ring. It is told which line, never why.
type Ringer interface {
	// Ring returns once the call is on its way. An error means that it may be tried again.
	Ring(ctx context.Context, line string) error
}

// ringTimeout bounds one try.
const ringTimeout = 30 * time.Second

// Command rings by running a program of the operator's, with the line as its only argument and an empty environment but
// for PATH. A status other than 0 is a failure.
type Command struct{ Path string }

// Check refuses a command that is not an absolute path to a program.
func (c Command) Check() error {
	info, err := os.Stat(c.Path)
	if !filepath.IsAbs(c.Path) || err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return ailleurs.Refuse("alert.bad_command", "alert.command")
	}
	return nil
}

// Ring runs the command.
func (c Command) Ring(ctx context.Context, line string) error {
	ctx, cancel := context.WithTimeout(ctx, ringTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Path, line) //nolint:gosec // the operator's own program; line is checked by SetLines
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("alert.command: %w", err)
	}
	return nil
}

// Hook rings by a POST of {"line": …} to an HTTPS address. Any 2xx is a success; redirections are not followed.
type Hook struct {
	URL    string
	Client *http.Client // the default one when nil
}

// Check refuses a hook that is not an https address; plain http is for this machine alone.
func (h Hook) Check() error {
	u, err := url.Parse(h.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost") {
		return ailleurs.Refuse("alert.bad_hook", "alert.hook")
	}
	return nil
}

// Ring posts to the hook.
func (h Hook) Ring(ctx context.Context, line string) error {
	ctx, cancel := context.WithTimeout(ctx, ringTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"line": line})
	if err != nil {
		return fmt.Errorf("alert.hook: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("alert.hook: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{}
	if h.Client != nil {
		client = *h.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("alert.hook: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if err := answer.Body.Close(); err != nil {
		return fmt.Errorf("alert.hook: %w", err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return errors.New("alert.hook: " + answer.Status)
	}
	return nil
}
