package core

// Prunings are the statements of a step.
var Prunings = prunings
