package mail

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	gomail "github.com/wneessen/go-mail"

	"codeberg.org/ailleurs/ailleurs"
)

// A Password prints [scellé].
type Password string

// Format prints [scellé] for every verb.
func (Password) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[scellé]")) }

// LogValue logs [scellé].
func (Password) LogValue() slog.Value { return slog.StringValue("[scellé]") }

// SMTP sends by a relay. STARTTLS is required, or TLS from the first byte, unless Plain says otherwise.
type SMTP struct {
	Host     string        // of the relay; required
	Port     int           // 587 when zero
	TLS      bool          // TLS from the first byte instead of STARTTLS
	Plain    bool          // no encryption at all: for a relay on this machine
	User     string        // no authentication when empty
	Password Password      // of User
	From     string        // address of the sender; required
	Timeout  time.Duration // 15 s when zero

	options []gomail.Option // of tests: a certificate of their own
}

// Check refuses a configuration that could not send, by the name of the field.
func (s SMTP) Check() error {
	switch {
	case s.Host == "":
		return ailleurs.Refuse("mail.no_host", "host")
	case s.From == "":
		return ailleurs.Refuse("mail.no_sender", "from")
	case s.Plain && s.TLS:
		return ailleurs.Refuse("mail.tls_and_plain", "plain")
	case s.Plain && s.User != "":
		return ailleurs.Refuse("mail.password_in_clear", "plain")
	}
	if gomail.NewMsg().From(s.From) != nil {
		return ailleurs.Refuse("mail.bad_sender", "from")
	}
	return nil
}

// Send hands one message to the relay.
func (s SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return err
	}
	options := []gomail.Option{gomail.WithTimeout(s.Timeout), gomail.WithoutNoop()}
	if s.Timeout == 0 {
		options[0] = gomail.WithTimeout(15 * time.Second)
	}
	port := s.Port
	if port == 0 {
		port = 587
	}
	options = append(options, gomail.WithPort(port))
	switch {
	case s.TLS:
		options = append(options, gomail.WithSSL())
	case s.Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(string(s.Password)))
	}
	client, err := gomail.NewClient(s.Host, append(options, s.options...)...)
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// compose writes the e-mail: text alone, nothing that names the program or the case.
func (s SMTP) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(s.From); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("addressee: %w", err)
	}
	msg.Subject(Subject)
	msg.SetDateWithValue(m.At)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	return msg, nil
}
