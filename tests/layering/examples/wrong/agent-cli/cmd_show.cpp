// SPDX-License-Identifier: Apache-2.0
#include "minidump/thread_list.h"
#include "minidump/win/live.h"
