package core

// The questions about automatic mail, for the tests beside them.
const AutomaticSQL = automaticSQL
