// Command pocketbase is the second yardstick: what a good general-purpose backend costs for the same records. It is
// PocketBase as its authors ship it, with one collection of our shape; rules ask for a signed-in user, nothing more.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"flag"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	dir := flag.String("data", ".", "directory of the databases")
	calls := flag.Int("calls", 100_000, "interpellations to create in an empty database")
	members := flag.Int("members", 5_000, "members they are spread over")
	flag.Parse()
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: *dir})
	if err := app.Bootstrap(); err != nil {
		log.Fatal(err)
	}
	if err := app.RunAllMigrations(); err != nil {
		log.Fatal(err)
	}
	if _, err := app.FindCollectionByNameOrId("calls"); err != nil {
		if err := seed(app, *calls, *members); err != nil {
			log.Fatal(err)
		}
	}
	log.Fatal(apis.Serve(app, apis.ServeConfig{HttpAddr: *addr}))
}

// name returns the identifier of the nth thing of a kind, in PocketBase's form; the load generator computes the same.
func name(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:15]
}

func seed(app core.App, calls, members int) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	user := core.NewRecord(users)
	user.SetEmail("bench@example.org")
	user.SetPassword("bench-bench-bench")
	if err := app.Save(user); err != nil {
		return err
	}
	c := core.NewBaseCollection("calls")
	c.Fields.Add(
		&core.TextField{Name: "member", Required: true},
		&core.TextField{Name: "state", Required: true},
		&core.DateField{Name: "at", Required: true},
		&core.NumberField{Name: "size", Required: true},
		&core.TextField{Name: "body", Max: 16 << 10},
	)
	signedIn := types.Pointer("@request.auth.id != ''")
	c.ListRule, c.ViewRule, c.CreateRule = signedIn, signedIn, signedIn
	c.AddIndex("calls_member", false, "member, at DESC", "")
	if err := app.Save(c); err != nil {
		return err
	}
	states := []string{"sent", "read", "studying", "proposed", "declined"}
	body := make([]byte, 4096)
	return app.RunInTransaction(func(tx core.App) error {
		insert := tx.DB().NewQuery(`INSERT INTO calls (id, member, state, at, size, body)
			VALUES ({:id}, {:member}, {:state}, {:at}, {:size}, {:body})`).Prepare()
		defer insert.Close()
		for n := range calls {
			rand.Read(body)
			_, err := insert.Bind(dbx.Params{
				"id": name("call", n), "member": name("member", n%members), "state": states[n%len(states)],
				"at":   time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format("2006-01-02 15:04:05.000Z"),
				"size": 1 + n%5, "body": base64.StdEncoding.EncodeToString(body),
			}).Execute()
			if err != nil {
				return err
			}
		}
		return nil
	})
}
