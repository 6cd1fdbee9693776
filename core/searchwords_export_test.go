package core

// SearchWords for the tests beside it.
var SearchWords = searchWords
