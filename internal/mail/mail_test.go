package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/store"
	"codeberg.org/ailleurs/ailleurs/internal/store/storetest"
)

// friday is 12 March 2027, 10 h 30 in Paris.
var friday = time.Date(2027, 3, 12, 9, 30, 0, 0, time.UTC)

func TestPostHasThreeRoundsADay(t *testing.T) {
	paris := func(month time.Month, day, hour int) time.Time {
		return time.Date(2027, month, day, hour, 0, 0, 0, Paris)
	}
	for _, c := range []struct {
		pace     ailleurs.NoticePace
		at, want time.Time
	}{
		{ailleurs.AtOnce, friday, paris(3, 12, 13)},
		{ailleurs.AtOnce, paris(3, 12, 13), paris(3, 12, 17)},
		{ailleurs.AtOnce, paris(3, 12, 17), paris(3, 13, 9)},
		{ailleurs.Daily, friday, paris(3, 13, 9)},
		{ailleurs.Weekly, friday, paris(3, 15, 9)},
		{ailleurs.Weekly, paris(3, 15, 9), paris(3, 22, 9)},
		{ailleurs.AtOnce, paris(3, 27, 20), paris(3, 28, 9)}, // the clocks change in the night
	} {
		if got := Round(c.pace, c.at); !got.Equal(c.want) {
			t.Errorf("%s from %v: %v, want %v", c.pace, c.at, got.In(Paris), c.want)
		}
	}
}

// A tray keeps what is sent, and refuses while it is shut.
type tray struct {
	mu   sync.Mutex
	sent []Message
	shut bool
}

func (b *tray) Send(_ context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return errors.New("shut")
	}
	b.sent = append(b.sent, m)
	return nil
}

type room struct {
	*testing.T
	db     *store.DB
	office *Office
	tray   *tray
}

func onBoth(t *testing.T, promise func(r *room)) {
	t.Helper()
	storetest.EachWith(t, storetest.Setup{Extra: `
-- plain
CREATE TABLE agent (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL, lang TEXT NOT NULL, notices TEXT NOT NULL, pace TEXT NOT NULL,
	revoked_at TEXT) STRICT;
-- plain
CREATE TABLE notice_waiting (agent_id TEXT NOT NULL PRIMARY KEY, since TEXT NOT NULL, send_at TEXT NOT NULL) STRICT;
`}, func(t *testing.T, db *store.DB) {
		r := &room{T: t, db: db, tray: &tray{}}
		var err error
		if r.office, err = New(Config{DB: db, Origin: "https://hub.example", Sender: r.tray}); err != nil {
			t.Fatal(err)
		}
		promise(r)
	})
}

func (r *room) agent(id string, scope ailleurs.NoticeScope, pace ailleurs.NoticePace) ailleurs.AgentID {
	r.Helper()
	r.update(func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO agent (id, email, lang, notices, pace) VALUES ($1, $2, 'fr', $3, $4)", id, id+"@town.example", string(scope), string(pace))
		return err
	})
	return ailleurs.AgentID(id)
}

func (r *room) update(fn func(*store.Tx) error) {
	r.Helper()
	if err := r.db.Update(r.Context(), fn); err != nil {
		r.Fatal(err)
	}
}

func (r *room) notice(agent ailleurs.AgentID, about Matter, at time.Time) {
	r.Helper()
	r.update(func(tx *store.Tx) error { return Notice(tx, agent, about, at) })
}

// deliver checks how many messages an instant brings.
func (r *room) deliver(at time.Time, want int) {
	r.Helper()
	got, err := r.office.Deliver(r.Context(), at)
	if err != nil {
		r.Fatal(err)
	}
	if got != want {
		r.Errorf("%d sent at %v, want %d", got, at.In(Paris), want)
	}
}

func TestManyNoticesAreOneMessageAtTheNextRound(t *testing.T) {
	onBoth(t, func(r *room) {
		a := r.agent("lyon", ailleurs.NoticesFollowed, ailleurs.AtOnce)
		for i := range 5 {
			r.notice(a, Followed, friday.Add(time.Duration(i)*time.Minute))
		}
		r.deliver(friday.Add(time.Hour), 0)
		r.deliver(friday.Add(150*time.Minute), 1) // 13 h
		r.deliver(friday.Add(24*time.Hour), 0)
		if m := r.tray.sent[0]; m.To != "lyon@town.example" || !strings.Contains(m.Text, "https://hub.example/entrer") {
			t.Errorf("%+v", m)
		}
	})
}

func TestPreferencesAreKeptButForAlerts(t *testing.T) {
	onBoth(t, func(r *room) {
		none := r.agent("none", ailleurs.NoticesNone, ailleurs.Weekly)
		followed := r.agent("followed", ailleurs.NoticesFollowed, ailleurs.AtOnce)
		all := r.agent("all", ailleurs.NoticesAll, ailleurs.Daily)
		for _, a := range []ailleurs.AgentID{none, followed, all} {
			r.notice(a, Other, friday)
		}
		r.deliver(friday.Add(30*24*time.Hour), 1)
		for _, a := range []ailleurs.AgentID{none, followed, all} {
			r.notice(a, Followed, friday)
		}
		r.deliver(friday.Add(30*24*time.Hour), 2)
		for _, a := range []ailleurs.AgentID{none, followed, all} {
			r.notice(a, Alert, friday)
		}
		r.deliver(friday, 3)
		r.notice("unknown", Alert, friday)
		r.deliver(friday, 0)
	})
}

func TestMatterIsReadFromTheJob(t *testing.T) {
	for detail, want := range map[string]Matter{
		"": Followed, `{"about":"alert"}`: Alert, `{"about":"other"}`: Other, `{"about":"party"}`: Followed, `[]`: Followed, `{`: Followed,
	} {
		if got := MatterOf(detail); got != want {
			t.Errorf("%q is %s, want %s", detail, got, want)
		}
	}
}

func TestAlertOvertakesWhatWaits(t *testing.T) {
	onBoth(t, func(r *room) {
		a := r.agent("lyon", ailleurs.NoticesFollowed, ailleurs.Weekly)
		r.notice(a, Followed, friday)
		r.notice(a, Alert, friday)
		r.notice(a, Followed, friday)
		r.deliver(friday, 1)
		r.deliver(friday.Add(30*24*time.Hour), 0)
	})
}

func TestRefusedMessageIsTriedAgain(t *testing.T) {
	onBoth(t, func(r *room) {
		r.tray.shut = true
		r.notice(r.agent("lyon", ailleurs.NoticesFollowed, ailleurs.AtOnce), Alert, friday)
		if _, err := r.office.Deliver(r.Context(), friday); err == nil {
			t.Error("a refused message made no error")
		}
		r.tray.shut = false
		r.deliver(friday.Add(time.Minute), 0) // it rests
		r.deliver(friday.Add(patience), 1)
		r.deliver(friday.Add(2*patience), 0)
	})
}

func TestMessageSaysNothing(t *testing.T) {
	o := Office{Config{Origin: "https://hub.example"}}
	for _, lang := range []string{"fr", "en"} {
		msg, err := SMTP{From: "nepasrepondre@hub.example"}.compose(Message{To: "x@town.example", Lang: lang, Text: o.text(lang), At: friday})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if _, err := msg.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, bad := range []string{"html", "User-Agent", "X-Mailer", "Interpellation", "interpell", "Lyon", "case", "token"} {
			if strings.Contains(text, bad) {
				t.Errorf("the %s message holds %q:\n%s", lang, bad, text)
			}
		}
		if strings.Contains(text, "entrer?") || strings.Contains(text, "entrer/") {
			t.Errorf("the link carries something:\n%s", text)
		}
	}
}

func TestSpoolKeepsOneFileAMessage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	s := Spool{dir}
	for range 3 {
		if err := s.Send(t.Context(), Message{To: "x@town.example", Text: "Bonjour", At: friday}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	b, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	if err != nil || !strings.Contains(string(b), "To: <x@town.example>") {
		t.Errorf("%s, %v", b, err)
	}
}

// relay is a server of the test's own.
type relay struct {
	mu   sync.Mutex
	got  []string
	to   []string
	tlsd bool
}

func (r *relay) NewSession(c *smtp.Conn) (smtp.Session, error) { return &relaySession{r, c}, nil }

type relaySession struct {
	r *relay
	c *smtp.Conn
}

func (*relaySession) Reset()                               {}
func (*relaySession) Logout() error                        { return nil }
func (*relaySession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.to = append(s.r.to, to)
	_, s.r.tlsd = s.c.TLSConnectionState()
	return nil
}

func (s *relaySession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.got = append(s.r.got, string(b))
	return err
}

// startRelay starts a relay that offers STARTTLS, or not, and returns the way to it.
func startRelay(t *testing.T, starttls bool) (*relay, SMTP) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)

	r := &relay{}
	s := smtp.NewServer(r)
	s.Domain = "localhost"
	if starttls {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	port := l.Addr().(*net.TCPAddr).Port
	trust := gomail.WithTLSConfig(&tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	return r, SMTP{Host: "localhost", Port: port, From: "nepasrepondre@hub.example", Timeout: 5 * time.Second, options: []gomail.Option{trust}}
}

func TestRelayIsSpokenToUnderTLS(t *testing.T) {
	r, way := startRelay(t, true)
	if err := way.Send(t.Context(), Message{To: "x@town.example", Text: "Bonjour", At: friday}); err != nil {
		t.Fatal(err)
	}
	if len(r.got) != 1 || !r.tlsd || r.to[0] != "x@town.example" || !strings.Contains(r.got[0], "Subject: "+Subject) {
		t.Errorf("%+v", r)
	}
}

func TestRelayWithoutTLSIsGivenNothing(t *testing.T) {
	r, way := startRelay(t, false)
	if err := way.Send(t.Context(), Message{To: "x@town.example", Text: "Bonjour", At: friday}); err == nil || len(r.got)+len(r.to) > 0 {
		t.Errorf("error %v, relay got %v for %v", err, r.got, r.to)
	}
	way.Plain = true
	if err := way.Send(t.Context(), Message{To: "x@town.example", Text: "Bonjour", At: friday}); err != nil || len(r.got) != 1 {
		t.Errorf("plain on purpose: %v, %d messages", err, len(r.got))
	}
}

func TestUnusableRelayIsRefusedByName(t *testing.T) {
	for want, s := range map[string]SMTP{
		"mail.no_host":           {From: "a@hub.example"},
		"mail.no_sender":         {Host: "localhost"},
		"mail.tls_and_plain":     {Host: "localhost", From: "a@hub.example", TLS: true, Plain: true},
		"mail.password_in_clear": {Host: "localhost", From: "a@hub.example", User: "a", Plain: true},
	} {
		if r := ailleurs.AsRefusal(s.Check()); r == nil || r.Key != want {
			t.Errorf("%v, want %s", s.Check(), want)
		}
	}
}
