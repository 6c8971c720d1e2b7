/* deploy/rules/replies.yaml as it was when this was built. Internal to this folder. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_BUILTIN_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_BUILTIN_H

#include "common/base/text.h"

struct text classify_builtin_text(void);

#endif
