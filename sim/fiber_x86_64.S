/*
 * fiber_x86_64.S: changing stacks on x86-64 (System V). Four routines:
 *   sim_fiber_switch    from one host stack to another
 *   sim_gate            from driver code (guest stack) to a C function on the host stack, and back
 *   sim_guest_enter     from C (host stack) into driver code on the guest stack, and back
 *   sim_host_enter      from a hook on the guest stack to a C routine on the host stack, and back
 * None touches mxcsr or the x87 control word: nothing in irqlab changes them.
 */
#include "gate_offsets.h"

        .text

/* void sim_fiber_switch(void **save, void *load): ends in a jump, since a ret would mispredict. */
        .globl  sim_fiber_switch
        .type   sim_fiber_switch, @function
        .p2align 4
sim_fiber_switch:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        jmpq    *%rcx
        .size   sim_fiber_switch, .-sim_fiber_switch

/* Reached from a thunk with the C function in %r11 and driver code's call frame on the guest stack. sim_gate is for functions that may have
 * arguments on the stack, sim_gate_registers for those that have none there. */
        .macro  GATE name, has_stack_arguments
        .globl  \name
        .type   \name, @function
        .p2align 4
\name:
        .cfi_startproc                         /* from here a debugger goes on to the driver's frames, on their own stack */
        movabsq $SIM_ADDRESS_MACHINE_CURRENT, %r10
        movq    (%r10), %r10
        movl    (%rsp), %eax
        subl    $0x4000000, %eax               /* return address - SIM_IMAGE_BASE: slot and offset */
        movl    %eax, SIM_OFFSET_CONTEXT_SITE(%r10)
        pushq   %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset %rbx, -16
        pushq   %rbp
        .cfi_def_cfa_offset 24
        .cfi_offset %rbp, -24
        movq    %r10, %rbx
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movq    %rsp, SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        movq    SIM_OFFSET_CONTEXT_GATE_STACK(%rbx), %rsp
        andq    $-16, %rsp
        .if     \has_stack_arguments
        pushq   112(%rbp)                      /* twelve words of stack arguments: return address at 16, first argument at 24 */
        pushq   104(%rbp)
        pushq   96(%rbp)
        pushq   88(%rbp)
        pushq   80(%rbp)
        pushq   72(%rbp)
        pushq   64(%rbp)
        pushq   56(%rbp)
        pushq   48(%rbp)
        pushq   40(%rbp)
        pushq   32(%rbp)
        pushq   24(%rbp)
        .endif
        xorl    %eax, %eax                     /* no vector registers: kernel code passes none */
        callq   *%r11
        xorl    %ecx, %ecx                     /* what a call may change goes back without anything of the host */
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %r11d, %r11d
        movq    %rbp, %rsp
        popq    %rbp
        popq    %rbx
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   \name, .-\name
        .endm

        GATE    sim_gate, 1
        GATE    sim_gate_registers, 0

/* uint64_t sim_guest_enter(SimContext *, uint64_t function, const uint64_t *arguments, unsigned count) */
        .globl  sim_guest_enter
        .type   sim_guest_enter, @function
        .p2align 4
sim_guest_enter:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rdi, %rbx
        movq    %rsi, %r12
        movq    %rdx, %r13
        movl    %ecx, %r14d
        pushq   SIM_OFFSET_CONTEXT_GATE_STACK(%rbx)
        pushq   SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        movq    %rsp, SIM_OFFSET_CONTEXT_GATE_STACK(%rbx)
        movq    SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx), %rsp
        andq    $-16, %rsp
        movl    %r14d, %eax                    /* an odd number of stack arguments: keep the alignment */
        cmpl    $6, %eax
        jbe     2f
        testl   $1, %eax
        jz      1f
        subq    $8, %rsp
1:      cmpl    $6, %eax
        jbe     2f
        decl    %eax
        pushq   (%r13,%rax,8)
        jmp     1b
2:      movq    0(%r13), %rdi
        movq    8(%r13), %rsi
        movq    16(%r13), %rdx
        movq    24(%r13), %rcx
        movq    32(%r13), %r8
        movq    40(%r13), %r9
        movq    %r12, %r11
        movabsq $SIM_ADDRESS_RETURN_THUNK, %rax /* what driver code sees of where it returns to: a thunk, never the host */
        pushq   %rax
        xorl    %eax, %eax
        xorl    %ebp, %ebp                     /* nor any register of the host that it may save on its stack */
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d
        jmpq    *%r11
        .size   sim_guest_enter, .-sim_guest_enter

/* The return thunk leads here. */
        .globl  sim_guest_return
        .type   sim_guest_return, @function
sim_guest_return:
        movq    SIM_OFFSET_CONTEXT_GATE_STACK(%rbx), %rsp
        popq    SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        popq    SIM_OFFSET_CONTEXT_GATE_STACK(%rbx)
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   sim_guest_return, .-sim_guest_return

/* void sim_host_enter(void (*routine)(void *), void *argument) */
        .globl  sim_host_enter
        .type   sim_host_enter, @function
        .p2align 4
sim_host_enter:
        .cfi_startproc
        movabsq $SIM_ADDRESS_MACHINE_CURRENT, %r10
        movq    (%r10), %r10
        pushq   %rbx
        .cfi_def_cfa_offset 16
        .cfi_offset %rbx, -16
        pushq   %rbp
        .cfi_def_cfa_offset 24
        .cfi_offset %rbp, -24
        movq    %r10, %rbx
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        pushq   SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        movq    %rsp, SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        movq    SIM_OFFSET_CONTEXT_GATE_STACK(%rbx), %rsp
        andq    $-16, %rsp
        movq    %rdi, %rax
        movq    %rsi, %rdi
        callq   *%rax
        xorl    %ecx, %ecx                     /* as above */
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %r11d, %r11d
        xorl    %eax, %eax
        leaq    -8(%rbp), %rsp
        popq    SIM_OFFSET_CONTEXT_GUEST_STACK(%rbx)
        popq    %rbp
        popq    %rbx
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   sim_host_enter, .-sim_host_enter

        .section .note.GNU-stack, "", @progbits
