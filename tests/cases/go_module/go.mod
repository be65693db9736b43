module github.com/acme/operator

go 1.24.0

require (
	github.com/go-logr/logr v1.4.3
	k8s.io/api v0.33.0
	github.com/acme/shared v0.1.0
)

require (
	golang.org/x/net v0.38.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

require sigs.k8s.io/yaml v1.4.0

replace github.com/acme/shared => ../shared

replace golang.org/x/net v0.38.0 => golang.org/x/net v0.40.0
