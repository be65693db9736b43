module example.com/acme/tool

go 1.24

require (
	example.com/one v1.0.0
	example.com/two v1.1.0 // indirect
	"example.com/three/v2" v2.0.0
)

replace (
	example.com/one v1.0.0 => example.com/fork v1.0.1
	example.com/two v9.9.9 => ./elsewhere
)
