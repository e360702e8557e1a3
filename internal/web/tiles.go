package web

import (
	"net/http"

	"codeberg.org/ailleurs/ailleurs/internal/protection"
)

// The two logs are public in the C2SP layout (tlog-tiles), for witnesses and monitors that know nothing of us: the
// journal's entries are salted hashes, the register's hold no name.

// checkpoint answers with the signed head of a log.
func (s *Server) checkpoint(log protection.Log) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := s.alarms()
		if err != nil {
			return err
		}
		signed, err := p.Checkpoint(r.Context(), log)
		if err != nil {
			return err
		}
		h := w.Header()
		h.Del("Vary")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		send(w, r, http.StatusOK, signed)
		return nil
	}
}

// tile answers with hashes or entries of a log. A full tile never changes; a partial one is soon a part of a fuller one.
func (s *Server) tile(log protection.Log) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := s.alarms()
		if err != nil {
			return err
		}
		data, full, err := p.Tile(r.Context(), log, "tile/"+r.PathValue("path"))
		if err != nil {
			return err
		}
		h := w.Header()
		h.Del("Vary")
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Cache-Control", "public, max-age=3600")
		if full {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		send(w, r, http.StatusOK, data)
		return nil
	}
}
