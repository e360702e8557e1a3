// Package alliance keeps the register of who is in the alliance: members, their people, their public keys, and the doors by
// which they come in. It never holds a key that opens anything.
//
// Every use case takes the instant at, and the signed-in actor or viewer where someone is signed in. It is one transaction
// with its journal event and its register record, and ends in nil, a refusal, or a fault.
//
// # In the order of a life
//
//	Found                 an empty hub: one member, three founding coordinators, their invitations
//	OpenInvitation        six words → a ticket; BeginEnrolmentPasskey; Enrol → a session for the enrolment pages
//	BeginProof, Prove     the self-test of each unlocker on a fresh page
//	Changes, Approve      what waits for two signatures; signing it, several at once. A key and the roles that come with it
//	                      are signed together, once the colleague's words were compared
//	ProposeMember         a coordinator; two of them sign
//	Invite, Reinvite      in person; Reinvite for who lost every unlocker
//	ProposeRole, ProposePosts, ProposeDeparture, ProposeRevocation, Drop
//	BeginPasskeySignIn, SignInWithPasskey; BeginPaperSignIn, SignInWithPaper
//	Lookup, ShareOf, Sessions, End, EndSession, EndSessionsOf
//	Unlockers, BeginPasskey, AddUnlocker, Rewrap, RemoveUnlocker, LostDevice
//	Members, Member, Presence, People, Profile, Prefer, SetAbsence, EndAbsence
//	Teams, Keys, Coordinators, RegisterFrom    what a client needs before it seals to anyone
//	Sweep                 what time has ended, each few minutes
//
// # Two signatures
//
// A change of members, people or keys is a [Change] until two people have signed the statement that approves it. Whose
// signature counts is ailleurs.Actor.MayApprove; the same signatures travel with the record in the register, so that
// clients check them without believing the hub. A revocation bites in the transaction of its second signature: sessions
// die, unlockers are discarded, no signature of those keys counts.
package alliance
