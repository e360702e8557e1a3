//go:build !js

package vault

import "log/slog"

// LogValue implements slog.LogValuer. Nothing is logged in a browser, so that its half need not carry a logger.
func (scelle) LogValue() slog.Value { return slog.StringValue(scelleText) }
