package migrations

// UpFrom is Up over other files.
var UpFrom = up
