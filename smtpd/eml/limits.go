package eml

// The bounds of reading one mail. What lies beyond is kept in the raw mail, left
// out of the Letter or attached whole, and told in a defect.
const (
	maxDepth        = 20
	maxParts        = 500
	maxFields       = 2000
	maxFieldBytes   = 256 << 10 // subjects of 137 KB are sent
	maxHeaderBytes  = 1 << 20
	maxPartFields   = 200
	maxPartHeader   = 64 << 10
	maxAddresses    = 200
	maxReferences   = 50
	maxIDBytes      = 998
	maxIDInput      = 32 << 10
	maxLineBytes    = 998 // of a name, as RFC 5322 section 2.1.1 bounds a line
	maxTextIn       = 2 << 20
	maxTextOut      = 4 << 20
	maxNameBytes    = 200
	maxAttachments  = 200
	maxRuleBytes    = 64 << 10 // of a body that rules about words look at
	maxDefects      = 30
	maxResniffs     = 4
	maxUnwraps      = 5 // of signed and of enclosed mails
	maxListNesting  = 32
	maxReportPieces = 200
	maxEncodedWords = 8000 // of one field
	maxReportField  = 4 << 10
	maxReportText   = 16 << 10 // that words of bounces are looked for in
)
