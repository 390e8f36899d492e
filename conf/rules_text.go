package conf

// What is wrong with the text: characters, lines, braces, words, definitions and includes.
const (
	unknownKeyword Code = 101 + iota
	unexpectedBrace
	extraBrace
	missingOpen
	missingClose
	openQuote
	longLine
	nulByte
	endlessText
	badSequence
	badList
	badPredefined
	badInclude
	includeMissing
	includeSkipped
	includeCycle
	noMainFile
	wordsBeforeBlock
	outsideBlock
	byteOrderMark
	notUTF8
	returnNewline
	loneReturn
	oddBlank
	undefinedName
	leftover
)

var textRules = []Rule{
	{
		Code: unknownKeyword, Severity: Error, Class: ClassConfig, Title: "unknown keyword",
		Explain: "The first word of the statement is no keyword of the block it stands in. The line is skipped; the braces of a block that begins there are not understood, so its '}' closes the block around it.",
		Fix:     "write a keyword of this block (halbd keywords lists them), or remove the line",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    priorty 150\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: unexpectedBrace, Severity: Error, Class: ClassConfig, Title: "'{' where no block begins",
		Explain: "The word before the brace does not open a block. The brace is ignored, and so its '}' closes the block around it.",
		Fix:     "remove the brace and its '}', or correct the word before it",
		Example: "global_defs {\n    router_id lb1 {\n}\n",
	},
	{
		Code: extraBrace, Severity: Error, Class: ClassConfig, Title: "'}' where no block is open",
		Explain: "There are more closing than opening braces. What stands behind it is read outside of every block.",
		Fix:     "remove the brace, or find the block above that was closed too early",
		Example: "global_defs {\n    router_id lb1\n}\n}\n",
	},
	{
		Code: missingOpen, Severity: Error, Class: ClassConfig, Title: "'{' is missing",
		Explain: "The keyword opens a block, and its brace is missing. The lines that follow are read as the block.",
		Fix:     "write '{' behind the keyword and its name",
		Example: "global_defs\n    router_id lb1\n}\n",
	},
	{
		Code: missingClose, Severity: Error, Class: ClassConfig, Title: "'}' is missing",
		Explain: "The file ends inside a block. All open blocks are closed there and used.",
		Fix:     "write the missing '}' where the block ends",
		Example: "global_defs {\n    router_id lb1\n",
	},
	{
		Code: openQuote, Severity: Error, Class: ClassConfig, Title: "quote without its end",
		Explain: "A double quote is not closed on its line. The words from the quote on are lost.",
		Fix:     "write the closing quote on the same line",
		Example: "global_defs {\n    router_id \"lb1\n}\n",
	},
	{
		Code: longLine, Severity: Error, Class: ClassConfig, Title: "line is too long",
		Explain: "A line may have 1022 bytes. The first 1023 bytes are dropped and what is left is read as a line of its own, as keepalived does it.",
		Fix:     "break the line, or move parts of it into definitions",
	},
	{
		Code: nulByte, Severity: Error, Class: ClassConfig, Title: "NUL byte",
		Explain: "The line contains a NUL byte and is ignored. The file is damaged or no text.",
		Fix:     "remove the byte",
	},
	{
		Code: endlessText, Severity: Error, Class: ClassConfig, Title: "a definition does not end",
		Explain: "A definition or a sequence refers to itself, or its text is longer than a line may be. The statement is ignored.",
		Fix:     "break the circle, or shorten the definition",
		Example: "$A=$B\n$B=$A\nglobal_defs {\n    router_id $A\n}\n",
	},
	{
		Code: badSequence, Severity: Error, Class: ClassConfig, Title: "malformed ~SEQ",
		Explain: "The numbers of a ~SEQ do not describe a sequence. The line is ignored.",
		Fix:     "write ~SEQ(NAME,[start,[step,]]end) followed by the text to repeat",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress {\n        ~SEQ(N, 1, 0, 5) 10.0.0.$N\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: badList, Severity: Error, Class: ClassConfig, Title: "malformed ~LST",
		Explain: "The values of a ~LST do not fit its names. The line is ignored.",
		Fix:     "write ~LST(NAME,value,...) or ~LST({NAME,...},{value,...},...) followed by the text to repeat",
		Example: "global_defs {\n    ~LST(N,{a,b}) router_id $N\n}\n",
	},
	{
		Code: badPredefined, Severity: Error, Class: ClassConfig, Title: "wrong use of a predefined name",
		Explain: "${_RANDOM} takes up to two numbers, the smaller first; ${_ENV} takes the name of an environment variable.",
		Fix:     "write ${_RANDOM min max} or ${_ENV NAME}",
		Example: "global_defs {\n    router_id lb${_RANDOM 9 1}\n}\n",
	},
	{
		Code: badInclude, Severity: Error, Class: ClassConfig, Title: "malformed include",
		Explain: "The pattern of an include or a word of include_check is not understood and is ignored.",
		Fix:     "include_check takes read, match, wildcard_match and brace_match",
		Example: "global_defs {\n    include_check readable\n}\n",
	},
	{
		Code: includeMissing, Severity: Warning, Title: "included file is missing",
		Explain: "Nothing matches the name of an include. The include is skipped; with the includes that check (includem, includea, include_check, option -e) it refuses the start.",
		Fix:     "correct the name; it is relative to the directory of the file that names it",
		Example: "include /no/such/file\n",
	},
	{
		Code: includeSkipped, Severity: Warning, Title: "included file is skipped",
		Explain: "A file that an include names is a directory, executable or cannot be read. It is skipped; with the includes that check (includer, includea, include_check, option -e) it refuses the start.",
		Fix:     "make it a readable file that is not executable",
		Example: "include /\n",
	},
	{
		Code: includeCycle, Severity: Error, Class: ClassConfig, Title: "a file includes itself",
		Explain: "The include is skipped, since it would never end.",
		Fix:     "break the circle, or put the files into fewer levels",
	},
	{
		Code: noMainFile, Severity: Error, Class: ClassFatal, NoStart: true, Title: "no configuration file",
		Explain: "The configuration file cannot be read.",
		Fix:     "name a readable file with -f",
	},
	{
		Code: wordsBeforeBlock, Severity: Error, Class: ClassConfig, Title: "words between a list and its '{'",
		Explain: "The list takes no words before its brace. They are ignored; without a brace the lines that follow are read as its items.",
		Fix:     "write the items inside { }, one on each line",
		Example: "vrrp_instance VI_1 {\n    interface eth0\n    virtual_router_id 51\n    track_interface eth1 {\n    }\n    virtual_ipaddress {\n        10.0.0.1\n    }\n}\n",
	},
	{
		Code: outsideBlock, Severity: Warning, Class: ClassConfig, Title: "outside of every block for some processes of keepalived",
		Explain: "keepalived reads the file once in each of its processes, and a process finds the end of a block that is not its own by counting braces. Here such a process is outside of every block, since a '{' is missing above, and takes the line for a word of the top level.",
		Fix:     "write the '{' that is missing above",
		Example: "vrrp_instance VI_1\n{\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress\n        10.0.0.1\n    }\n    priority 100\n}\n",
	},
	{
		Code: byteOrderMark, Severity: Warning, Title: "byte order mark",
		Explain: "An editor has put the three bytes EF BB BF in front of the text. They are part of the first word, which is therefore unknown.",
		Fix:     "save the file as UTF-8 without a byte order mark: sed -i '1s/^\\xef\\xbb\\xbf//' FILE",
		Example: byteOrder + "global_defs {\n    router_id lb1\n}\n",
	},
	{
		Code: notUTF8, Severity: Warning, Title: "no UTF-8 text",
		Explain: "The file has bytes that are no UTF-8, for example letters in Latin-1. They are taken as they are; what shows the file may show something else.",
		Fix:     "convert the file: iconv -f latin1 -t utf-8",
		Example: "# Z\xfcrich\nglobal_defs {\n    router_id lb1\n}\n",
	},
	{
		Code: returnNewline, Severity: Hint, Title: "line ends of another system",
		Explain: "Lines end with carriage return and newline. That does no harm here; scripts with such line ends do not start.",
		Fix:     "convert the file: sed -i 's/\\r$//' FILE",
		Example: "global_defs {\r\n    router_id lb1\r\n}\r\n",
	},
	{
		Code: loneReturn, Severity: Warning, Title: "carriage return inside a line",
		Explain: "A carriage return is a blank and ends no line. With such line ends the whole file is one line, and behind the first comment nothing is read.",
		Fix:     "convert the file: tr '\\r' '\\n' <FILE",
		Example: "global_defs {\r    router_id lb1\r}\r",
	},
	{
		Code: oddBlank, Severity: Warning, Title: "a blank that is none",
		Explain: "A no-break space or another invisible character of Unicode stands inside a word. Only blank, tab, form feed, vertical tab and carriage return separate words.",
		Fix:     "write an ordinary blank, or remove the character",
		Example: "global_defs {\n    router_id\u00a0lb1\n}\n",
	},
	{
		Code: undefinedName, Severity: Warning, Title: "reference that is not substituted",
		Explain: "$NAME or ${NAME} stays as text: nothing of that name is defined above, or what follows belongs to the name. $NAME must end at a blank, comma or closing parenthesis.",
		Fix:     "define the name above with $NAME=value, or write ${NAME}; quote text that is no reference",
		Example: "global_defs {\n    router_id $NAME\n}\n",
	},
	{
		Code: leftover, Severity: Hint, Title: "condition that guards nothing",
		Explain: "A line that begins with @ is read only if the word behind it is the config id (option -i, else the host name). A line with nothing behind the condition is dropped, and so is one that begins with a placeholder that a template has left over.",
		Fix:     "replace the placeholder, or write @id and the statement in one line",
		Example: "global_defs {\n    @ROUTER_ID@\n}\n",
	},
}
