package relocation

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"codeberg.org/ailleurs/ailleurs"
	"codeberg.org/ailleurs/ailleurs/internal/jobs"
	"codeberg.org/ailleurs/ailleurs/internal/journal"
	"codeberg.org/ailleurs/ailleurs/internal/store"
)

type offerRow struct {
	ID         ailleurs.OfferID      `db:"id"`
	Member     ailleurs.MemberID     `db:"member_id"`
	Kind       ailleurs.OfferKind    `db:"kind"`
	Commune    string                `db:"commune"`
	Places     int                   `db:"places"`
	From       ailleurs.Date         `db:"from_on"`
	Until      ailleurs.Date         `db:"until_on,omitzero"`
	By         ailleurs.AgentID      `db:"made_by"`
	At         time.Time             `db:"made_at"`
	Confirmed  time.Time             `db:"confirmed_at"`
	Withdrawn  time.Time             `db:"withdrawn_at"`
	Housing    ailleurs.HousingKind  `db:"housing,omitzero"`
	Persons    int                   `db:"persons,omitzero"`
	Rooms      int                   `db:"rooms,omitzero"`
	Accessible bool                  `db:"accessible,omitzero"`
	MinAge     int                   `db:"min_age,omitzero"`
	MaxAge     int                   `db:"max_age,omitzero"`
	Rome       string                `db:"rome,omitzero"`
	Contract   ailleurs.ContractKind `db:"contract,omitzero"`
	Level      int                   `db:"level,omitzero"`
	Licence    bool                  `db:"licence,omitzero"`
	Hours      ailleurs.Hours        `db:"hours,omitzero"`
}

const selectOffer = `SELECT id, member_id, kind, commune, places, from_on, until_on, made_by, made_at, confirmed_at, withdrawn_at, housing,
	persons, rooms, accessible, min_age, max_age, rome, contract, level, licence, hours FROM offer `

func (r offerRow) rules() ailleurs.Offer {
	return ailleurs.Offer{
		ID: r.ID, Member: r.Member, Kind: r.Kind, Commune: r.Commune, Places: r.Places, From: r.From, Until: r.Until,
		ConfirmedAt: r.Confirmed, WithdrawnAt: r.Withdrawn, Housing: r.Housing, Persons: r.Persons, Rooms: r.Rooms,
		Accessible: r.Accessible, MinAge: r.MinAge, MaxAge: r.MaxAge, Rome: r.Rome, Contract: r.Contract, Level: r.Level,
		Licence: r.Licence, Hours: r.Hours,
	}
}

// offerStale is how long after its last confirmation an offer's owner is asked whether it still stands.
const offerStale = ailleurs.OfferFresh - 2*24*time.Hour

// PublishOffer adds an offer of the actor's member, with one place for each unit or slot.
func (e *Exchange) PublishOffer(ctx context.Context, by ailleurs.Actor, in ailleurs.PostOffer, at time.Time) (ailleurs.OfferID, error) {
	answer, err := e.once(ctx, by, in.Once, in, at, func(tx *store.Tx) ([]byte, error) {
		id, err := e.publish(ctx, tx, by, in.Offer, instant(at))
		return []byte(id), err
	})
	return ailleurs.OfferID(answer), err
}

func (e *Exchange) publish(ctx context.Context, tx *store.Tx, by ailleurs.Actor, o ailleurs.Offer, at time.Time) (ailleurs.OfferID, error) {
	if err := by.Require(ailleurs.Caseworker); err != nil {
		return "", err
	}
	f, err := e.unit(ctx, tx, by, at).fellow(by.Member)
	if err != nil {
		return "", err
	}
	if !f.active() {
		return "", ailleurs.RefuseAs(ailleurs.Forbidden, "member.not_active", "")
	}
	if _, err := ailleurs.ParseDate(string(o.From), "from"); err != nil {
		return "", err
	}
	if o.Until != "" {
		if _, err := ailleurs.ParseDate(string(o.Until), "until"); err != nil {
			return "", err
		}
	}
	if err := o.Validate(); err != nil {
		return "", err
	}
	code, ok := e.ground.Current(o.Commune)
	if !ok {
		return "", ailleurs.Refuse("offer.unknown_commune", "commune")
	}
	r := offerRow{
		ID: ailleurs.NewID[ailleurs.OfferID](), Member: by.Member, Kind: o.Kind, Commune: code, Places: o.Places, From: o.From, Until: o.Until,
		By: by.Agent, At: at, Confirmed: at,
	}
	if o.Kind == ailleurs.HomeOffer {
		r.Housing, r.Persons, r.Rooms, r.Accessible, r.MinAge, r.MaxAge = o.Housing, o.Persons, o.Rooms, o.Accessible, o.MinAge, o.MaxAge
	} else {
		r.Rome, r.Contract, r.Level, r.Licence, r.Hours = o.Rome, o.Contract, o.Level, o.Licence, o.Hours
	}
	if err := tx.Insert("offer", r); err != nil {
		return "", err
	}
	for i := range o.Places {
		err := tx.Insert("place", store.Changes{
			"id": ailleurs.NewID[ailleurs.PlaceID](), "offer_id": r.ID, "member_id": by.Member, "idx": i + 1,
		})
		if err != nil {
			return "", err
		}
	}
	if err := jobs.Schedule(tx, jobs.Job{Kind: jobOffer, Subject: string(r.ID), RunAt: at.Add(offerStale)}); err != nil {
		return "", err
	}
	return r.ID, offerEvent(tx, by, "offer.published", r.ID, at)
}

func offerEvent(tx *store.Tx, by ailleurs.Actor, kind string, id ailleurs.OfferID, at time.Time) error {
	_, err := journal.Append(tx, journal.Event{Kind: kind, At: at, Actor: by.Agent, Member: by.Member, Subject: string(id)})
	return err
}

// ConfirmOffer says that an offer still stands: shown for another 14 days.
func (e *Exchange) ConfirmOffer(ctx context.Context, by ailleurs.Actor, in ailleurs.OnOffer, at time.Time) error {
	return e.onOffer(ctx, by, in, at, func(tx *store.Tx, o offerRow) error {
		if !o.Withdrawn.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "offer.withdrawn", "")
		}
		if err := tx.Set("offer", o.ID, store.Changes{"confirmed_at": instant(at)}); err != nil {
			return err
		}
		if err := jobs.Schedule(tx, jobs.Job{Kind: jobOffer, Subject: string(o.ID), RunAt: at.Add(offerStale)}); err != nil {
			return err
		}
		return offerEvent(tx, by, "offer.confirmed", o.ID, at)
	})
}

// WithdrawOffer takes an offer off the list. Places that a case holds or has stay with it.
func (e *Exchange) WithdrawOffer(ctx context.Context, by ailleurs.Actor, in ailleurs.OnOffer, at time.Time) error {
	return e.onOffer(ctx, by, in, at, func(tx *store.Tx, o offerRow) error {
		if !o.Withdrawn.IsZero() {
			return ailleurs.RefuseAs(ailleurs.Conflict, "offer.withdrawn", "")
		}
		if err := tx.Set("offer", o.ID, store.Changes{"withdrawn_at": instant(at)}); err != nil {
			return err
		}
		if err := jobs.Cancel(tx, jobOffer, string(o.ID)); err != nil {
			return err
		}
		return offerEvent(tx, by, "offer.withdrawn", o.ID, at)
	})
}

// onOffer runs fn on an offer of the actor's own member.
func (e *Exchange) onOffer(ctx context.Context, by ailleurs.Actor, in ailleurs.OnOffer, at time.Time, fn func(*store.Tx, offerRow) error) error {
	_, err := e.once(ctx, by, in.Once, in, at, func(tx *store.Tx) ([]byte, error) {
		if err := by.Require(ailleurs.Caseworker); err != nil {
			return nil, err
		}
		unknown := ailleurs.RefuseAs(ailleurs.NotFound, "offer.unknown", "")
		if err := tx.Bump("offer", in.Offer); errors.Is(err, store.ErrNotFound) {
			return nil, unknown
		} else if err != nil {
			return nil, err
		}
		o, err := store.One[offerRow](tx, selectOffer+"WHERE id = $1", in.Offer)
		if err != nil {
			return nil, err
		}
		if o.Member != by.Member {
			return nil, unknown
		}
		return nil, fn(tx, o)
	})
	return err
}

// Offer returns an offer of the actor's own member.
func (e *Exchange) Offer(ctx context.Context, by ailleurs.Actor, id ailleurs.OfferID, at time.Time) (OwnOffer, error) {
	all, _, err := e.ownOffers(ctx, by, at, "AND id = $2 ORDER BY id LIMIT 1", id)
	if err == nil && len(all) == 0 {
		err = ailleurs.RefuseAs(ailleurs.NotFound, "offer.unknown", "")
	}
	if err != nil {
		return OwnOffer{}, err
	}
	return all[0], nil
}

// ownOffersPage is how many offers a page of one's own holds.
const ownOffersPage = 20

// OwnOffers lists the offers of the actor's member, 20 at a time in the order of their identifiers, with who holds what.
// after is the last offer of the page before; empty for the first. next is empty on the last page.
func (e *Exchange) OwnOffers(ctx context.Context, by ailleurs.Actor, after ailleurs.OfferID, at time.Time) (page []OwnOffer, next ailleurs.OfferID, err error) {
	if !by.Is(ailleurs.Caseworker) && !by.Is(ailleurs.Signatory) {
		return nil, "", by.Require(ailleurs.Caseworker)
	}
	page, more, err := e.ownOffers(ctx, by, at, fmt.Sprintf("AND id > $2 ORDER BY id LIMIT %d", ownOffersPage+1), after)
	if err == nil && more {
		next = page[len(page)-1].ID
	}
	return page, next, err
}

func (e *Exchange) ownOffers(ctx context.Context, by ailleurs.Actor, at time.Time, which string, arg any) (page []OwnOffer, more bool, err error) {
	err = e.db.View(ctx, func(tx *store.Tx) error {
		rows, err := store.All[offerRow](tx, selectOffer+"WHERE member_id = $1 "+which, by.Member, arg)
		if err != nil {
			return err
		}
		if more = len(rows) > ownOffersPage; more {
			rows = rows[:ownOffersPage]
		}
		for _, r := range rows {
			o, err := ownOffer(tx, r, at)
			if err != nil {
				return err
			}
			page = append(page, o)
		}
		return nil
	})
	return page, more, err
}

func ownOffer(tx *store.Tx, r offerRow, at time.Time) (OwnOffer, error) {
	o := OwnOffer{Offer: r.rules()}
	o.Hidden = !o.Fresh(at)
	rows, err := tx.Query(`SELECT p.id, h.case_id, h.thread_id, h.until_at, h.assigned_at
		FROM place p LEFT JOIN hold h ON h.place_id = p.id AND h.released_at IS NULL WHERE p.offer_id = $1 ORDER BY p.idx`, r.ID)
	if err != nil {
		return o, err
	}
	for rows.Next() {
		h := HoldLine{Offer: r.ID}
		if err := rows.Scan(&h.Place, &h.Case, &h.Thread, &h.Until, &h.Assigned); err != nil {
			return o, err
		}
		if h.Case == "" {
			o.Free++
			o.Places = append(o.Places, h.Place)
		} else {
			o.Holds = append(o.Holds, h)
		}
	}
	return o, nil
}

// day is the calendar day in Paris.
func day(at time.Time) ailleurs.Date {
	return ailleurs.Date(at.In(coordination.Location()).Format(time.DateOnly))
}

// soon is a random day between tomorrow and a week from now.
func soon(at time.Time) (ailleurs.Date, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(7))
	if err != nil {
		return "", fmt.Errorf("relocation: random day: %w", err)
	}
	return day(at.AddDate(0, 0, 1+int(n.Int64()))), nil
}

// leaveList lets a place that was taken leave the list at a random later snapshot: the list must not show a flow.
func (u *unit) leaveList(id ailleurs.PlaceID) error {
	leaves, err := soon(u.at)
	if err != nil {
		return err
	}
	_, err = u.tx.Exec(`INSERT INTO place_shown (place_id, leaves_on) VALUES ($1, $2)
		ON CONFLICT (place_id) DO UPDATE SET leaves_on = excluded.leaves_on, returns_on = NULL`, id, leaves)
	return err
}

// comeBack lets a place that was freed come back to the list: at a random later snapshot if it had left it.
func (u *unit) comeBack(id ailleurs.PlaceID) error {
	returns, err := soon(u.at)
	if err != nil {
		return err
	}
	if _, err := u.tx.Exec("DELETE FROM place_shown WHERE place_id = $1 AND leaves_on > $2", id, day(u.at)); err != nil {
		return err
	}
	_, err = u.tx.Exec("UPDATE place_shown SET returns_on = $1 WHERE place_id = $2", returns, id)
	return err
}

// TakeSnapshot makes the list of the day, unless it is there. Members see this list until the next.
func (e *Exchange) TakeSnapshot(ctx context.Context, at time.Time) error {
	return e.db.Update(ctx, func(tx *store.Tx) error { return e.snapshot(tx, instant(at)) })
}

func (e *Exchange) snapshot(tx *store.Tx, at time.Time) error {
	today := day(at)
	rows, err := store.All[offerRow](tx, selectOffer+"WHERE withdrawn_at IS NULL AND confirmed_at > $1 ORDER BY id", at.Add(-ailleurs.OfferFresh))
	if err != nil {
		return err
	}
	hidden := make(map[ailleurs.OfferID]int)
	off, err := tx.Query(`SELECT p.offer_id, count(*) FROM place_shown s JOIN place p ON p.id = s.place_id
		WHERE s.leaves_on <= $1 AND (s.returns_on IS NULL OR s.returns_on > $1) GROUP BY p.offer_id`, today)
	if err != nil {
		return err
	}
	for off.Next() {
		var id ailleurs.OfferID
		var n int
		if err := off.Scan(&id, &n); err != nil {
			return err
		}
		hidden[id] = n
	}
	listed := make([]ListedOffer, 0, len(rows))
	for _, r := range rows {
		if free := r.Places - hidden[r.ID]; free > 0 && (r.Until == "" || !r.Until.Before(today)) {
			o := r.rules()
			o.ConfirmedAt = time.Time{} // when its owner last looked is nobody else's business
			listed = append(listed, ListedOffer{o, free})
		}
	}
	text, err := json.Marshal(listed)
	if err != nil {
		return fmt.Errorf("relocation: snapshot: %w", err)
	}
	if _, err := tx.Exec(`INSERT INTO offer_snapshot (day, at, listing) VALUES ($1, $2, $3)
		ON CONFLICT (day) DO UPDATE SET day = excluded.day`, today, at, string(text)); err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM offer_snapshot WHERE day < $1", day(at.AddDate(0, 0, -7)))
	return err
}

// OfferSnapshot is the last daily list, the same for every member; empty before the first.
func (e *Exchange) OfferSnapshot(ctx context.Context, by ailleurs.Actor, at time.Time) (Snapshot, error) {
	if !by.Is(ailleurs.Caseworker) && !by.Is(ailleurs.Signatory) && !by.Is(ailleurs.Coordinator) {
		return Snapshot{}, by.Require(ailleurs.Caseworker)
	}
	var s Snapshot
	err := e.db.View(ctx, func(tx *store.Tx) error {
		var text string
		err := tx.QueryRow("SELECT day, at, listing FROM offer_snapshot WHERE day <= $1 ORDER BY day DESC LIMIT 1", day(at)).Scan(&s.Day, &s.At, &text)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &s.Offers); err != nil {
			return fmt.Errorf("relocation: snapshot: %w", err)
		}
		return nil
	})
	return s, err
}
