/*
 * What drivers in C do with exceptions, case by case. `run_case` is called with a case's number, says
 * what happens as it happens, and returns a status.
 *
 * exceptions.s is made of this file; see README.md.
 */

typedef unsigned long long u64;
typedef long NTSTATUS;

#define EXECUTE 1
#define SEARCH 0
#define CONTINUE (-1)

/* In src/lib.rs. */
void say(const char *what);
void say_code(const char *what, unsigned long code);

/* In src/helpers.s. */
int read_at(void *place);
void write_at(void *place);
int divide(int a, int b);
void breakpoint(void);
void clobber_and_fault(void);
u64 stack_misalignment(void);
/* Fills all nonvolatile registers, calls the function, and gives a bit for each that changed. */
u64 changed_by(void (*function)(void));

/* The kernel's. */
__declspec(noreturn) void ExRaiseStatus(NTSTATUS status);
__declspec(noreturn) void ExRaiseAccessViolation(void);
void ProbeForRead(const void *address, u64 length, unsigned long alignment);
void ProbeForWrite(void *address, u64 length, unsigned long alignment);
void *memcpy(void *to, const void *from, u64 count);
void *memmove(void *to, const void *from, u64 count);
void *memset(void *to, int value, u64 count);
int memcmp(const void *a, const void *b, u64 count);

struct record {
    unsigned long code, flags;
    struct record *next;
    void *address;
    unsigned long count;
    u64 parameters[15];
};
struct context {
    u64 before[16];
    u64 rcx; /* at 0x80 */
    u64 between[14];
    u64 rip; /* at 0xF8 */
};
struct pointers {
    struct record *record;
    struct context *context;
};
void RtlRaiseException(struct record *record);

#define NOWHERE ((void *)16)
#define NOINLINE __attribute__((noinline))

static int say_and(const char *what, int answer) {
    say(what);
    return answer;
}

static NOINLINE void fault(void) { write_at(NOWHERE); }

static void access_violation(void) {
    __try {
        say("try");
        fault();
        say("not reached");
    } __except (say_code("filter", _exception_code()), EXECUTE) {
        say_code("except", _exception_code());
    }
    say("after");
}

static int show(struct pointers *pointers) {
    struct record *record = pointers->record;
    say_code("parameters", record->count);
    say_code("access", (unsigned long)record->parameters[0]);
    say_code("address", (unsigned long)record->parameters[1]);
    say(record->address == (void *)pointers->context->rip ? "at rip" : "elsewhere");
    return EXECUTE;
}

static void record_of_a_write(void) {
    __try {
        write_at((void *)0x1238);
    } __except (show(_exception_info())) {
        say("except");
    }
}

static void record_of_a_read(void) {
    __try {
        read_at((void *)0x1238);
    } __except (show(_exception_info())) {
        say("except");
    }
}

static void nested(void) {
    __try {
        __try {
            __try {
                fault();
            } __finally {
                say(_abnormal_termination() ? "inner finally, abnormal" : "inner finally");
            }
        } __except (say_and("inner filter", SEARCH)) {
            say("inner except");
        }
    } __except (say_and("outer filter", EXECUTE)) {
        say("outer except");
    }
}

static void finally_of_a_sound_block(void) {
    __try {
        say("try");
    } __finally {
        say(_abnormal_termination() ? "abnormal" : "normal");
    }
}

static NOINLINE void callee_with_finally(int depth) {
    __try {
        if (depth > 0)
            callee_with_finally(depth - 1);
        else
            fault();
    } __finally {
        say_code("finally", depth);
    }
}

static void finally_in_callees(void) {
    __try {
        callee_with_finally(3);
    } __except (say_and("filter", EXECUTE)) {
        say("except");
    }
}

static int there = 77;

static int repair(struct pointers *pointers) {
    say("filter");
    pointers->context->rcx = (u64)&there;
    return CONTINUE;
}

static void filter_repairs_and_continues(void) {
    __try {
        say_code("read", read_at(NOWHERE));
    } __except (repair(_exception_info())) {
        say("except");
    }
}

static void division(void) {
    volatile int zero = 0;
    __try {
        divide(1, zero);
    } __except (EXECUTE) {
        say_code("except", _exception_code());
    }
}

static int step_over(struct pointers *pointers) {
    say_code("filter", pointers->record->code);
    say(*(unsigned char *)pointers->context->rip == 0xCC ? "at the instruction" : "past it");
    pointers->context->rip += 1;
    return CONTINUE;
}

static void step_over_a_breakpoint(void) {
    __try {
        breakpoint();
        say("went on");
    } __except (step_over(_exception_info())) {
        say("except");
    }
}

static void raised_status(void) {
    __try {
        ExRaiseStatus(0xC0000123);
    } __except (EXECUTE) {
        say_code("except", _exception_code());
    }
    __try {
        ExRaiseAccessViolation();
    } __except (EXECUTE) {
        say_code("except", _exception_code());
    }
}

static void raised_and_continued(void) {
    struct record record = {.code = 0xE0000001};
    __try {
        RtlRaiseException(&record);
        say("went on");
    } __except (say_code("filter", _exception_code()), CONTINUE) {
        say("except");
    }
}

static void guarded_clobber(void) {
    __try {
        clobber_and_fault();
    } __except (EXECUTE) {
        say("except");
    }
}

static void nonvolatile_registers(void) {
    say_code("changed", (unsigned long)changed_by(guarded_clobber));
}

static int aligned(const char *where) {
    say_code(where, (unsigned long)stack_misalignment());
    return EXECUTE;
}

static void stack_alignment(void) {
    __try {
        __try {
            fault();
        } __finally {
            aligned("finally");
        }
    } __except (aligned("filter")) {
        aligned("except");
    }
}

static void copy_routines(void) {
    char here[64] = {0};
    __try {
        memcpy(NOWHERE, here, 64);
    } __except (EXECUTE) {
        say_code("memcpy", _exception_code());
    }
    __try {
        memmove(here, NOWHERE, 64);
    } __except (EXECUTE) {
        say_code("memmove", _exception_code());
    }
    __try {
        memset(NOWHERE, 1, 64);
    } __except (EXECUTE) {
        say_code("memset", _exception_code());
    }
    __try {
        say_code("not reached", memcmp(NOWHERE, here, 64));
    } __except (EXECUTE) {
        say_code("memcmp", _exception_code());
    }
}

static void guarded_copy_clobber(void) {
    __try {
        memcpy(NOWHERE, &there, 64);
    } __except (EXECUTE) {
        say("except");
    }
}

static void copy_routine_keeps_registers(void) {
    say_code("changed", (unsigned long)changed_by(guarded_copy_clobber));
}

static void probes(void) {
    __try {
        ProbeForRead((void *)0xFFFFF80000000000, 8, 1);
    } __except (EXECUTE) {
        say_code("kernel address", _exception_code());
    }
    __try {
        ProbeForRead((void *)0x1001, 8, 4);
    } __except (EXECUTE) {
        say_code("misaligned", _exception_code());
    }
    __try {
        ProbeForWrite((void *)0x10000, 8, 1);
    } __except (EXECUTE) {
        say_code("not there", _exception_code());
    }
    char here[8];
    __try {
        ProbeForWrite(here, sizeof here, 1);
        say("there");
    } __except (EXECUTE) {
        say_code("except", _exception_code());
    }
}

static int filter_with_a_fault(void) {
    __try {
        fault();
    } __except (EXECUTE) {
        say("fault in the filter taken");
    }
    return EXECUTE;
}

static void fault_in_a_filter(void) {
    __try {
        ExRaiseStatus(0xC0000123);
    } __except (filter_with_a_fault()) {
        say_code("except", _exception_code());
    }
}

static NOINLINE void finally_that_raises(void) {
    __try {
        fault();
    } __finally {
        say("finally");
        ExRaiseStatus(0xC0000222);
    }
}

static void raise_in_finally(void) {
    __try {
        __try {
            finally_that_raises();
        } __except (_exception_code() == 0xC0000222 ? SEARCH : EXECUTE) {
            say("first except");
        }
    } __except (_exception_code() == 0xC0000222) {
        say_code("second except", _exception_code());
    }
}

static NOINLINE void fault_in_a_moving_frame(int size) {
    volatile char *room = __builtin_alloca(size);
    room[0] = 1;
    __try {
        fault();
    } __finally {
        say_code("finally", room[0]);
    }
}

static void moving_frame(void) {
    __try {
        fault_in_a_moving_frame(3000);
    } __except (EXECUTE) {
        say("except");
    }
}

static NOINLINE void fault_in_a_large_frame(void) {
    volatile char room[20000];
    room[19999] = 2;
    fault();
    room[1] = room[19999];
}

static void large_frame(void) {
    __try {
        fault_in_a_large_frame();
    } __except (EXECUTE) {
        say("except");
    }
}

static void jump_to_nowhere(void) {
    void (*volatile function)(void) = 0;
    __try {
        function();
    } __except (show(_exception_info())) {
        say("except");
    }
}

static void many_times(void) {
    volatile int taken = 0;
    for (int i = 0; i < 10000; i++) {
        __try {
            fault();
        } __except (EXECUTE) {
            taken = taken + 1;
        }
    }
    say_code("taken", taken);
}

static void unhandled(void) {
    __try {
        fault();
    } __finally {
        say("never said");
    }
}

static void unhandled_in_a_copy(void) { memcpy(NOWHERE, &there, 64); }

static void unhandled_raise(void) { ExRaiseStatus(0xC0000123); }

static void continued_in_vain(void) {
    __try {
        ExRaiseStatus(0xC0000123);
    } __except (CONTINUE) {
        say("except");
    }
}

static void fault_in_every_filter(void) {
    __try {
        fault();
    } __except (fault(), EXECUTE) {
        say("except");
    }
}

NTSTATUS run_case(unsigned long number) {
    static void (*const cases[])(void) = {
        access_violation,          /* 0 */
        record_of_a_write,         /* 1 */
        record_of_a_read,          /* 2 */
        nested,                    /* 3 */
        finally_of_a_sound_block,  /* 4 */
        finally_in_callees,        /* 5 */
        filter_repairs_and_continues, /* 6 */
        division,                  /* 7 */
        step_over_a_breakpoint,    /* 8 */
        raised_status,             /* 9 */
        raised_and_continued,      /* 10 */
        nonvolatile_registers,     /* 11 */
        stack_alignment,           /* 12 */
        copy_routines,             /* 13 */
        copy_routine_keeps_registers, /* 14 */
        probes,                    /* 15 */
        fault_in_a_filter,         /* 16 */
        raise_in_finally,          /* 17 */
        moving_frame,              /* 18 */
        large_frame,               /* 19 */
        jump_to_nowhere,           /* 20 */
        many_times,                /* 21 */
        unhandled,                 /* 22 */
        unhandled_in_a_copy,       /* 23 */
        unhandled_raise,           /* 24 */
        continued_in_vain,         /* 25 */
        fault_in_every_filter,     /* 26 */
    };
    if (number >= sizeof cases / sizeof *cases)
        return 0xC000000D; /* STATUS_INVALID_PARAMETER */
    cases[number]();
    return 0;
}
