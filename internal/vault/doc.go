// Package vault seals dossiers so that the hub which stores and routes them cannot read them, and refuses by name what a
// lying hub would slip in. It is the same Go in the browser (WebAssembly), on the command line and in tests; it reads no
// clock, opens no connection and keeps nothing. Everything it makes is an ordinary age v1 file to post-quantum hybrid
// recipients (age1pq1…) or an ordinary signed note, so that the stock programs open and check them; docs/protocol.md
// describes the bytes.
//
// # The objects
//
// A [Trousseau] is what one agent can do: a hybrid age identity to read with, an Ed25519 key to sign with, both of one
// epoch, and the logs it was told to trust. It is wrapped once per [Lock]; the secrets that open locks are [Unlocker]s:
// passkey, passphrase with a device key, paper code, and the session's own between pages.
//
// A [Directory] is the register of keys as this client has verified it. It alone makes a [Reader], and only a Reader can
// be sealed to: what is not proved cannot be wrapped to.
//
// A [Folder] is one compartment of one dossier (and for answers of one thread); a [Key] opens and writes it for an epoch.
// A [Body] is one save of the whole compartment, signed inside and chained to the one before. A [Grant] hands a Key to
// one Reader, for a part and a time. A [Note] is appended without reading, unsigned.
//
// # First use
//
//	t, err := vault.NewTrousseau(agent, registerPin, journalPin) // pins come with the invitation, by hand
//	t.AddLock(passkey); t.AddLock(paper)                         // every unlocker once, while its secret is at hand
//	for each lock: file, err := t.Wrap(lock)                     // to the hub; Wrap again after each change of t
//	entry := t.Entry(at)                                         // to the register, once approved:
//	s := entry.Approval(); s.By, s.Epoch, s.At = …               // by the holder with the new key, and by two colleagues
//	vault.Sign(t, s.Text())                                      // who first compare KeyWords(t.Public()) aloud
//
// # Every page
//
//	t, err := vault.OpenTrousseau(file, unlocker)
//	d := vault.NewDirectory(t.Register)
//	err = d.Extend(records, checkpoint)   // the whole register from the first record, then only what is new
//	err = d.CheckOwn(t)                   // the alarm: a key under my name that I did not make
//	t.Register = d.Pin()                  // remember how far it was seen; wrap again
//
// A [Client] does this, and seals what it has learnt for the next page ([Client.Snapshot], [Client.Memory]), so that a
// record is replayed once on a machine.
//
// # Writing and reading
//
//	k, err := vault.NewKey(folder)
//	body, err := vault.SealBody(t, k, vault.Head{}, content, at)
//	to, err := d.Reader(public)           // refuses a swapped, old, revoked or unregistered key
//	env, err := vault.SealEnvelope(t, ailleurs.OriginLead, k, to, ailleurs.OriginSecond, at, expires)
//
//	grant, err := vault.OpenEnvelope(d, t, env, folder, epoch, at)
//	body, err := vault.OpenBody(d, grant.Key, sealed, head, at) // head from the journal, not from the body's own row
//
// # Refusals
//
// What is wrong with an input is a [ailleurs.Refusal] whose key begins with "vault." and whose field says which input;
// any other error is a fault. [RefusalKeys] lists every key, for the catalogue of messages.
//
// # The register
//
// Records are those of [ailleurs.RegisterRecord]: an entry and the signed statements that approve it. The hub hands out
// all of them, in order, with a checkpoint (a signed note in the C2SP layout, leaves RFC 6962); the directory hashes them
// again. Until three coordinators hold keys entries count without approvals, that is the founding; from then on an entry
// counts when
//
//   - accession: two coordinators have signed (purpose admit, subject the member);
//   - team: two entitled people have (team, the agent), for the first time, no earlier than the post's last change;
//   - key: the holder has with the new key itself, and two entitled people (confirm, the agent); epochs follow one another;
//   - revocation: two entitled people have (revoke, the agent).
//
// Entitled is who [ailleurs.Actor.MayApprove] says: coordinators, and for whoever does not guard the alliance the people
// of the same member; never the agent.
//
// # Secrets
//
// Trousseau, Key, Unlocker, Body, Grant, Note and CodeWord print, log and marshal as [scellé]. Randomness is crypto/rand
// and cannot be injected; a test that wants the same bytes twice uses testing/cryptotest.
package vault
