#include "coordinator/unsubscribe/unsubscribe_page.h"

#include "common/base/bytes.h"
#include "common/policy/suppression_record.h"
#include "common/security/digest.h"

#include <stdio.h>

static const char style[] =
    "body{font-family:sans-serif;font-size:1.125rem;line-height:1.7;color:#1a1a1a;"
    "background:#fff;max-width:38rem;margin:2rem auto;padding:0 1rem}"
    "h1,h2{font-size:1.5rem;line-height:1.3}"
    "section{border-top:1px solid #767676;margin-top:2rem}"
    "button{display:block;font:inherit;margin:1rem 0;padding:.75rem 1.5rem;color:#fff;"
    "background:#004a99;border:2px solid #004a99;border-radius:.25rem}"
    "button.all{color:#004a99;background:#fff}"
    "button:focus{outline:3px solid #b35c00;outline-offset:2px}";

struct words {
    const char *title;
    const char *text;
};

/* By enum unsubscribe_page; Japanese, English. */
static const struct words words[][2] = {
    [UNSUBSCRIBE_PAGE_CONFIRM] = {{"配信を停止しますか",
                                   "ボタンを押すと、このメールの配信を停止します。"},
                                  {"Stop receiving this mail?",
                                   "Press the button and you will not receive this mail any "
                                   "more."}},
    [UNSUBSCRIBE_PAGE_DONE] = {{"配信を停止しました",
                                "送信の途中だったメールが、しばらくの間届くことがあります。"},
                               {"You are unsubscribed",
                                "Mail that was already on its way may still arrive for a short "
                                "while."}},
    [UNSUBSCRIBE_PAGE_DONE_ALL] =
        {{"広告メールの配信をすべて停止しました",
          "送信の途中だったメールが、しばらくの間届くことがあります。"},
         {"You are unsubscribed from all advertising mail",
          "Mail that was already on its way may still arrive for a short while."}},
    [UNSUBSCRIBE_PAGE_NO_LINK] =
        {{"このリンクは使えません",
          "アドレスが途中で切れていないかお確かめください。切れていない場合は、送信者にお問い合わせ"
          "ください。"},
         {"This link does not work",
          "Please check that its address is complete. If it is, please ask the sender."}},
    [UNSUBSCRIBE_PAGE_BAD_FORM] = {{"受け付けられませんでした",
                                    "メールのリンクをもう一度開いてください。"},
                                   {"That did not work",
                                    "Please open the link in the mail again."}},
    [UNSUBSCRIBE_PAGE_LATER] = {{"ただいま受け付けられません", "数分後にもう一度お試しください。"},
                                {"Not at the moment", "Please try again in a few minutes."}},
};

static const struct words buttons[] = {
    {"配信を停止する", "この送信者の広告メールをすべて停止する"},
    {"Unsubscribe", "Unsubscribe from all advertising mail of this sender"},
};
static const char *const languages[] = {"ja", "en"};
static const char *const lists[] = {"対象: ", "List: "};

void unsubscribe_page_policy(char ret_policy[UNSUBSCRIBE_PAGE_POLICY_BYTES])
{
    unsigned char digest[DIGEST_BYTES];
    char hash[4 * ((DIGEST_BYTES + 2) / 3) + 1];
    digest_sha256(TEXT(style), digest);
    (void)bytes_to_base64(digest, sizeof digest, hash);
    (void)snprintf(ret_policy, UNSUBSCRIBE_PAGE_POLICY_BYTES,
                   "default-src 'none'; style-src 'sha256-%s'; img-src data:; form-action 'self'; "
                   "base-uri 'none'; frame-ancestors 'none'",
                   hash);
}

bool unsubscribe_page_is_english(struct text accept)
{
    struct text rest = accept;
    struct text part;
    while (accept.data != NULL && text_next_part(&rest, ',', &part)) {
        part = text_trim(part);
        if (text_starts_with_nocase(part, TEXT("ja"))) {
            return false;
        }
        if (text_starts_with_nocase(part, TEXT("en"))) {
            return true;
        }
    }
    return false;
}

static void append_escaped(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '<' || byte == '>' || byte == '&' || byte == '"') {
            buffer_printf(out, "&#%d;", byte);
        } else {
            buffer_append_byte(out, byte);
        }
    }
}

/* Works without scripts; an empty action is the link itself (U5). */
static void append_form(struct buffer *out, size_t language)
{
    buffer_printf(out,
                  "<form method=\"post\" action=\"\">"
                  "<input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
                  "<input type=\"hidden\" name=\"page\" value=\"%s\">"
                  "<button type=\"submit\">%s</button>"
                  "<button type=\"submit\" class=\"all\" name=\"scope\" value=\"all\">%s</button>"
                  "</form>\n",
                  languages[language], buttons[language].title, buttons[language].text);
}

static void append_section(struct buffer *out, enum unsubscribe_page page, struct text stream,
                           size_t language, int level)
{
    bool has_name = stream.size > 0 && !text_equal(stream, TEXT(SUPPRESSION_STREAM_DEFAULT));
    bool is_confirm = page == UNSUBSCRIBE_PAGE_CONFIRM;
    buffer_printf(out, "<h%d>%s</h%d>\n", level, words[page][language].title, level);
    if (is_confirm && has_name) {
        buffer_append_string(out, "<p>");
        buffer_append_string(out, lists[language]);
        buffer_append_string(out, "<strong>");
        append_escaped(out, stream);
        buffer_append_string(out, "</strong></p>\n");
    }
    buffer_printf(out, "<p>%s</p>\n", words[page][language].text);
    if (is_confirm) {
        append_form(out, language);
    }
}

void unsubscribe_page_append(struct buffer *out, enum unsubscribe_page page, struct text stream,
                             bool is_english)
{
    size_t first = is_english ? 1 : 0;
    size_t second = 1 - first;
    buffer_printf(out,
                  "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n<title>%s</title>\n<style>%s</style>\n"
                  "</head>\n<body>\n<main>\n",
                  languages[first], words[page][first].title, style);
    append_section(out, page, stream, first, 1);
    buffer_printf(out, "<section lang=\"%s\">\n", languages[second]);
    append_section(out, page, stream, second, 2);
    buffer_append_string(out, "</section>\n</main>\n</body>\n</html>\n");
}
