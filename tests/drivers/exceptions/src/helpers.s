# What the cases need that C has no words for. The calling convention is Microsoft's for x64.

.text

# rcx: a place -> eax: what is there. A leaf: it has no unwind information.
.globl read_at
.p2align 4
read_at:
    mov eax, [rcx]
    ret

# rcx: a place. A leaf.
.globl write_at
.p2align 4
write_at:
    mov dword ptr [rcx], 1
    ret

# ecx, edx -> eax. A leaf.
.globl divide
.p2align 4
divide:
    mov eax, ecx
    mov ecx, edx
    cdq
    idiv ecx
    ret

# A leaf.
.globl breakpoint
.p2align 4
breakpoint:
    int3
    ret

# -> rax: how far the caller's stack pointer is from a multiple of 16.
.globl stack_misalignment
.p2align 4
stack_misalignment:
    lea rax, [rsp + 8]
    and eax, 15
    ret

# Saves all nonvolatile registers on the stack, with unwind information.
.macro save_nonvolatile
    push rbx
    .seh_pushreg rbx
    push rbp
    .seh_pushreg rbp
    push rsi
    .seh_pushreg rsi
    push rdi
    .seh_pushreg rdi
    push r12
    .seh_pushreg r12
    push r13
    .seh_pushreg r13
    push r14
    .seh_pushreg r14
    push r15
    .seh_pushreg r15
    sub rsp, 0xC8
    .seh_stackalloc 0xC8
    movaps [rsp + 0x20], xmm6
    .seh_savexmm xmm6, 0x20
    movaps [rsp + 0x30], xmm7
    .seh_savexmm xmm7, 0x30
    movaps [rsp + 0x40], xmm8
    .seh_savexmm xmm8, 0x40
    movaps [rsp + 0x50], xmm9
    .seh_savexmm xmm9, 0x50
    movaps [rsp + 0x60], xmm10
    .seh_savexmm xmm10, 0x60
    movaps [rsp + 0x70], xmm11
    .seh_savexmm xmm11, 0x70
    movaps [rsp + 0x80], xmm12
    .seh_savexmm xmm12, 0x80
    movaps [rsp + 0x90], xmm13
    .seh_savexmm xmm13, 0x90
    movaps [rsp + 0xA0], xmm14
    .seh_savexmm xmm14, 0xA0
    movaps [rsp + 0xB0], xmm15
    .seh_savexmm xmm15, 0xB0
    .seh_endprologue
.endm

.macro restore_nonvolatile
    movaps xmm6, [rsp + 0x20]
    movaps xmm7, [rsp + 0x30]
    movaps xmm8, [rsp + 0x40]
    movaps xmm9, [rsp + 0x50]
    movaps xmm10, [rsp + 0x60]
    movaps xmm11, [rsp + 0x70]
    movaps xmm12, [rsp + 0x80]
    movaps xmm13, [rsp + 0x90]
    movaps xmm14, [rsp + 0xA0]
    movaps xmm15, [rsp + 0xB0]
    add rsp, 0xC8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rdi
    pop rsi
    pop rbp
    pop rbx
.endm

# Each register gets a number of its own, in both halves if it has two.
.macro fill register, number
    mov \register, \number * 0x0101010101010101
.endm

.macro fill_vector register, number
    mov rdx, \number * 0x0101010101010101
    movq \register, rdx
    punpcklqdq \register, \register
.endm

# rax: a bit for each register that differs.
.macro check register, number
    mov rdx, \number * 0x0101010101010101
    xor ecx, ecx
    cmp \register, rdx
    setne cl
    shl rcx, \number
    or rax, rcx
.endm

.macro check_vector register, number
    movq r8, \register
    check r8, \number
    movdqa xmm0, \register
    psrldq xmm0, 8
    movq r8, xmm0
    check r8, \number
.endm

# Changes all nonvolatile registers, and faults.
.globl clobber_and_fault
.p2align 4
.seh_proc clobber_and_fault
clobber_and_fault:
    save_nonvolatile
    xor ebx, ebx
    xor ebp, ebp
    xor esi, esi
    xor edi, edi
    xor r12d, r12d
    xor r13d, r13d
    xor r14d, r14d
    xor r15d, r15d
    xorps xmm6, xmm6
    xorps xmm7, xmm7
    xorps xmm8, xmm8
    xorps xmm9, xmm9
    xorps xmm10, xmm10
    xorps xmm11, xmm11
    xorps xmm12, xmm12
    xorps xmm13, xmm13
    xorps xmm14, xmm14
    xorps xmm15, xmm15
    mov dword ptr [16], 1
    restore_nonvolatile
    ret
.seh_endproc

# rcx: a function. Fills all nonvolatile registers, calls it -> rax: a bit for each that changed.
.globl changed_by
.p2align 4
.seh_proc changed_by
changed_by:
    save_nonvolatile
    fill rbx, 1
    fill rbp, 2
    fill rsi, 3
    fill rdi, 4
    fill r12, 5
    fill r13, 6
    fill r14, 7
    fill r15, 8
    fill_vector xmm6, 9
    fill_vector xmm7, 10
    fill_vector xmm8, 11
    fill_vector xmm9, 12
    fill_vector xmm10, 13
    fill_vector xmm11, 14
    fill_vector xmm12, 15
    fill_vector xmm13, 16
    fill_vector xmm14, 17
    fill_vector xmm15, 18
    call rcx
    xor eax, eax
    check rbx, 1
    check rbp, 2
    check rsi, 3
    check rdi, 4
    check r12, 5
    check r13, 6
    check r14, 7
    check r15, 8
    check_vector xmm6, 9
    check_vector xmm7, 10
    check_vector xmm8, 11
    check_vector xmm9, 12
    check_vector xmm10, 13
    check_vector xmm11, 14
    check_vector xmm12, 15
    check_vector xmm13, 16
    check_vector xmm14, 17
    check_vector xmm15, 18
    restore_nonvolatile
    ret
.seh_endproc
