#include "tree_sitter/parser.h"

// Newlines end statements, but not inside parentheses and brackets, where the grammar asks for none,
// and not where the next thing that is written is `->`.

enum { NEWLINE };

static bool is_blank(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool tree_sitter_net_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
    (void)payload;
    if (!valid[NEWLINE]) return false;
    while (is_blank(lexer->lookahead) && lexer->lookahead != '\n') lexer->advance(lexer, true);
    if (lexer->lookahead != '\n') return false;
    lexer->advance(lexer, false);
    lexer->mark_end(lexer);
    while (is_blank(lexer->lookahead) || lexer->lookahead == '#') {
        bool comment = lexer->lookahead == '#';
        do {
            lexer->advance(lexer, false);
        } while (comment && lexer->lookahead != '\n' && !lexer->eof(lexer));
    }
    if (lexer->lookahead == '-') {
        lexer->advance(lexer, false);
        if (lexer->lookahead == '>') return false;
    }
    lexer->result_symbol = NEWLINE;
    return true;
}

void *tree_sitter_net_external_scanner_create(void) { return NULL; }
void tree_sitter_net_external_scanner_destroy(void *payload) { (void)payload; }
unsigned tree_sitter_net_external_scanner_serialize(void *payload, char *buffer) {
    (void)payload, (void)buffer;
    return 0;
}
void tree_sitter_net_external_scanner_deserialize(void *payload, const char *buffer, unsigned n) {
    (void)payload, (void)buffer, (void)n;
}
