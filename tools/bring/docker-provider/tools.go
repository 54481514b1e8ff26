//go:build tools

// Package tools names the one program this module exists for, so that `go mod tidy` keeps its requirements.
package tools

import _ "github.com/terraform-providers/terraform-provider-docker"
