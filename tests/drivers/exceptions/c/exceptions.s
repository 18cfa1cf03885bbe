	.text
	.def	run_case;
	.scl	2;
	.type	32;
	.endef
	.globl	run_case
	.p2align	4, 0x90
run_case:
.seh_proc run_case
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movl	$-1073741811, %eax
	cmpl	$26, %ecx
	ja	.LBB0_2
	movl	%ecx, %eax
	leaq	run_case.cases(%rip), %rcx
	callq	*(%rcx,%rax,8)
	xorl	%eax, %eax
.LBB0_2:
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	access_violation;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
access_violation:
.Lfunc_begin0:
.seh_proc access_violation
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp0:
	leaq	"??_C@_03JDGOGJKJ@try?$AA@"(%rip), %rcx
	callq	say
.Ltmp1:
.Ltmp2:
	callq	fault
.Ltmp3:
.Ltmp4:
	leaq	"??_C@_0M@GAOIBPHA@not?5reached?$AA@"(%rip), %rcx
	callq	say
.Ltmp5:
.LBB1_4:
	leaq	"??_C@_05CMKPCFDK@after?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.LBB1_3:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB1_4
.Lfunc_end0:
	.seh_handlerdata
.set .Laccess_violation$parent_frame_offset, 32
	.long	(.Llsda_end0-.Llsda_begin0)/16
.Llsda_begin0:
	.long	.Ltmp0@IMGREL
	.long	.Ltmp5@IMGREL+1
	.long	"?filt$0@0@access_violation@@"@IMGREL
	.long	.LBB1_3@IMGREL
.Llsda_end0:
	.text
	.seh_endproc

	.def	record_of_a_write;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
record_of_a_write:
.Lfunc_begin1:
.seh_proc record_of_a_write
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp6:
	movl	$4664, %ecx
	callq	write_at
.Ltmp7:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB2_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end1:
	.seh_handlerdata
.set .Lrecord_of_a_write$parent_frame_offset, 32
	.long	(.Llsda_end1-.Llsda_begin1)/16
.Llsda_begin1:
	.long	.Ltmp6@IMGREL
	.long	.Ltmp7@IMGREL+1
	.long	"?filt$0@0@record_of_a_write@@"@IMGREL
	.long	.LBB2_2@IMGREL
.Llsda_end1:
	.text
	.seh_endproc

	.def	record_of_a_read;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
record_of_a_read:
.Lfunc_begin2:
.seh_proc record_of_a_read
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp8:
	movl	$4664, %ecx
	callq	read_at
.Ltmp9:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB3_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end2:
	.seh_handlerdata
.set .Lrecord_of_a_read$parent_frame_offset, 32
	.long	(.Llsda_end2-.Llsda_begin2)/16
.Llsda_begin2:
	.long	.Ltmp8@IMGREL
	.long	.Ltmp9@IMGREL+1
	.long	"?filt$0@0@record_of_a_read@@"@IMGREL
	.long	.LBB3_2@IMGREL
.Llsda_end2:
	.text
	.seh_endproc

	.def	nested;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
nested:
.Lfunc_begin3:
.seh_proc nested
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp10:
	callq	fault
.Ltmp11:
.Ltmp14:
	xorl	%ecx, %ecx
	callq	"?fin$0@0@nested@@"
.Ltmp15:
.LBB4_2:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB4_5:
.Ltmp16:
	leaq	"??_C@_0N@FJPGBPDC@inner?5except?$AA@"(%rip), %rcx
	callq	say
.Ltmp17:
	jmp	.LBB4_2
.LBB4_6:
	leaq	"??_C@_0N@MIMABFFC@outer?5except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
	.seh_handlerdata
.set .Lnested$parent_frame_offset, 32
	.long	(.Llsda_end3-.Llsda_begin3)/16
.Llsda_begin3:
	.long	.Ltmp10@IMGREL
	.long	.Ltmp11@IMGREL+1
	.long	"?dtor$3@?0?nested@4HA"@IMGREL
	.long	0
	.long	.Ltmp10@IMGREL
	.long	.Ltmp11@IMGREL+1
	.long	"?filt$1@0@nested@@"@IMGREL
	.long	.LBB4_5@IMGREL
	.long	.Ltmp10@IMGREL
	.long	.Ltmp11@IMGREL+1
	.long	"?filt$0@0@nested@@"@IMGREL
	.long	.LBB4_6@IMGREL
	.long	.Ltmp14@IMGREL
	.long	.Ltmp15@IMGREL+1
	.long	"?filt$1@0@nested@@"@IMGREL
	.long	.LBB4_5@IMGREL
	.long	.Ltmp14@IMGREL
	.long	.Ltmp15@IMGREL+1
	.long	"?filt$0@0@nested@@"@IMGREL
	.long	.LBB4_6@IMGREL
	.long	.Ltmp16@IMGREL
	.long	.Ltmp17@IMGREL+1
	.long	"?filt$0@0@nested@@"@IMGREL
	.long	.LBB4_6@IMGREL
.Llsda_end3:
	.text
	.seh_endproc
	.def	"?dtor$3@?0?nested@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$3@?0?nested@4HA":
.seh_proc "?dtor$3@?0?nested@4HA"
.LBB4_3:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rdx), %rbp
	.seh_endprologue
.Ltmp12:
	movb	$1, %cl
	callq	"?fin$0@0@nested@@"
.Ltmp13:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.Lfunc_end3:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	finally_of_a_sound_block;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
finally_of_a_sound_block:
.Lfunc_begin4:
.seh_proc finally_of_a_sound_block
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp18:
	leaq	"??_C@_03JDGOGJKJ@try?$AA@"(%rip), %rcx
	callq	say
.Ltmp19:
	leaq	"??_C@_06IKLLLDHL@normal?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
	.seh_handlerdata
.set .Lfinally_of_a_sound_block$parent_frame_offset, 32
	.long	(.Llsda_end4-.Llsda_begin4)/16
.Llsda_begin4:
	.long	.Ltmp18@IMGREL
	.long	.Ltmp19@IMGREL+1
	.long	"?dtor$2@?0?finally_of_a_sound_block@4HA"@IMGREL
	.long	0
.Llsda_end4:
	.text
	.seh_endproc
	.def	"?dtor$2@?0?finally_of_a_sound_block@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$2@?0?finally_of_a_sound_block@4HA":
.seh_proc "?dtor$2@?0?finally_of_a_sound_block@4HA"
.LBB5_2:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rdx), %rbp
	.seh_endprologue
	leaq	"??_C@_08CIAIEKIK@abnormal?$AA@"(%rip), %rcx
	callq	say
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.Lfunc_end4:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	finally_in_callees;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
finally_in_callees:
.Lfunc_begin5:
.seh_proc finally_in_callees
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp20:
	movl	$3, %ecx
	callq	callee_with_finally
.Ltmp21:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB6_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end5:
	.seh_handlerdata
.set .Lfinally_in_callees$parent_frame_offset, 32
	.long	(.Llsda_end5-.Llsda_begin5)/16
.Llsda_begin5:
	.long	.Ltmp20@IMGREL
	.long	.Ltmp21@IMGREL+1
	.long	"?filt$0@0@finally_in_callees@@"@IMGREL
	.long	.LBB6_2@IMGREL
.Llsda_end5:
	.text
	.seh_endproc

	.def	filter_repairs_and_continues;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
filter_repairs_and_continues:
.Lfunc_begin6:
.seh_proc filter_repairs_and_continues
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp22:
	movl	$16, %ecx
	callq	read_at
.Ltmp23:
.Ltmp24:
	leaq	"??_C@_04POLDLDMI@read?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
.Ltmp25:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB7_3:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end6:
	.seh_handlerdata
.set .Lfilter_repairs_and_continues$parent_frame_offset, 32
	.long	(.Llsda_end6-.Llsda_begin6)/16
.Llsda_begin6:
	.long	.Ltmp22@IMGREL
	.long	.Ltmp25@IMGREL+1
	.long	"?filt$0@0@filter_repairs_and_continues@@"@IMGREL
	.long	.LBB7_3@IMGREL
.Llsda_end6:
	.text
	.seh_endproc

	.def	division;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
division:
.Lfunc_begin7:
.seh_proc division
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$48, %rsp
	.seh_stackalloc 48
	leaq	48(%rsp), %rbp
	.seh_setframe %rbp, 48
	.seh_endprologue
	movl	$0, -4(%rbp)
	movl	-4(%rbp), %edx
.Ltmp26:
	movl	$1, %ecx
	callq	divide
.Ltmp27:
	nop
	addq	$48, %rsp
	popq	%rbp
	retq
.LBB8_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$48, %rsp
	popq	%rbp
	jmp	say_code
.Lfunc_end7:
	.seh_handlerdata
.set .Ldivision$parent_frame_offset, 48
	.long	(.Llsda_end7-.Llsda_begin7)/16
.Llsda_begin7:
	.long	.Ltmp26@IMGREL
	.long	.Ltmp27@IMGREL+1
	.long	1
	.long	.LBB8_2@IMGREL
.Llsda_end7:
	.text
	.seh_endproc

	.def	step_over_a_breakpoint;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
step_over_a_breakpoint:
.Lfunc_begin8:
.seh_proc step_over_a_breakpoint
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp28:
	callq	breakpoint
.Ltmp29:
.Ltmp30:
	leaq	"??_C@_07MDKNJGHC@went?5on?$AA@"(%rip), %rcx
	callq	say
.Ltmp31:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB9_3:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end8:
	.seh_handlerdata
.set .Lstep_over_a_breakpoint$parent_frame_offset, 32
	.long	(.Llsda_end8-.Llsda_begin8)/16
.Llsda_begin8:
	.long	.Ltmp28@IMGREL
	.long	.Ltmp31@IMGREL+1
	.long	"?filt$0@0@step_over_a_breakpoint@@"@IMGREL
	.long	.LBB9_3@IMGREL
.Llsda_end8:
	.text
	.seh_endproc

	.def	raised_status;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
raised_status:
.Lfunc_begin9:
.seh_proc raised_status
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp32:
	movl	$-1073741533, %ecx
	callq	ExRaiseStatus
.Ltmp33:
.LBB10_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
.Ltmp34:
	callq	ExRaiseAccessViolation
.Ltmp35:
.LBB10_1:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$32, %rsp
	popq	%rbp
	jmp	say_code
.Lfunc_end9:
	.seh_handlerdata
.set .Lraised_status$parent_frame_offset, 32
	.long	(.Llsda_end9-.Llsda_begin9)/16
.Llsda_begin9:
	.long	.Ltmp32@IMGREL
	.long	.Ltmp33@IMGREL+1
	.long	1
	.long	.LBB10_2@IMGREL
	.long	.Ltmp34@IMGREL
	.long	.Ltmp35@IMGREL+1
	.long	1
	.long	.LBB10_1@IMGREL
.Llsda_end9:
	.text
	.seh_endproc

	.def	raised_and_continued;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
raised_and_continued:
.Lfunc_begin10:
.seh_proc raised_and_continued
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$192, %rsp
	.seh_stackalloc 192
	leaq	128(%rsp), %rbp
	.seh_setframe %rbp, 128
	.seh_endprologue
	xorps	%xmm0, %xmm0
	movaps	%xmm0, -96(%rbp)
	movaps	%xmm0, 32(%rbp)
	movaps	%xmm0, 16(%rbp)
	movaps	%xmm0, (%rbp)
	movaps	%xmm0, -16(%rbp)
	movaps	%xmm0, -32(%rbp)
	movaps	%xmm0, -48(%rbp)
	movaps	%xmm0, -64(%rbp)
	movaps	%xmm0, -80(%rbp)
	movq	$0, 48(%rbp)
	movl	$-536870911, -96(%rbp)
.Ltmp36:
	leaq	-96(%rbp), %rcx
	callq	RtlRaiseException
.Ltmp37:
.Ltmp38:
	leaq	"??_C@_07MDKNJGHC@went?5on?$AA@"(%rip), %rcx
	callq	say
.Ltmp39:
.LBB11_3:
	nop
	addq	$192, %rsp
	popq	%rbp
	retq
.LBB11_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	callq	say
	jmp	.LBB11_3
.Lfunc_end10:
	.seh_handlerdata
.set .Lraised_and_continued$parent_frame_offset, 128
	.long	(.Llsda_end10-.Llsda_begin10)/16
.Llsda_begin10:
	.long	.Ltmp36@IMGREL
	.long	.Ltmp39@IMGREL+1
	.long	"?filt$0@0@raised_and_continued@@"@IMGREL
	.long	.LBB11_2@IMGREL
.Llsda_end10:
	.text
	.seh_endproc

	.def	nonvolatile_registers;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
nonvolatile_registers:
.seh_proc nonvolatile_registers
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	leaq	guarded_clobber(%rip), %rcx
	callq	changed_by
	leaq	"??_C@_07HADGPIEN@changed?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$40, %rsp
	jmp	say_code
	.seh_endproc

	.def	stack_alignment;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
stack_alignment:
.Lfunc_begin11:
.seh_proc stack_alignment
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp40:
	callq	fault
.Ltmp41:
.Ltmp44:
	callq	"?fin$0@0@stack_alignment@@"
.Ltmp45:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB13_5:
	callq	stack_misalignment
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$32, %rsp
	popq	%rbp
	jmp	say_code
	.seh_handlerdata
.set .Lstack_alignment$parent_frame_offset, 32
	.long	(.Llsda_end11-.Llsda_begin11)/16
.Llsda_begin11:
	.long	.Ltmp40@IMGREL
	.long	.Ltmp41@IMGREL+1
	.long	"?dtor$3@?0?stack_alignment@4HA"@IMGREL
	.long	0
	.long	.Ltmp40@IMGREL
	.long	.Ltmp41@IMGREL+1
	.long	"?filt$0@0@stack_alignment@@"@IMGREL
	.long	.LBB13_5@IMGREL
	.long	.Ltmp44@IMGREL
	.long	.Ltmp45@IMGREL+1
	.long	"?filt$0@0@stack_alignment@@"@IMGREL
	.long	.LBB13_5@IMGREL
.Llsda_end11:
	.text
	.seh_endproc
	.def	"?dtor$3@?0?stack_alignment@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$3@?0?stack_alignment@4HA":
.seh_proc "?dtor$3@?0?stack_alignment@4HA"
.LBB13_3:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rdx), %rbp
	.seh_endprologue
.Ltmp42:
	callq	"?fin$0@0@stack_alignment@@"
.Ltmp43:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.Lfunc_end11:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	copy_routines;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
copy_routines:
.Lfunc_begin12:
.seh_proc copy_routines
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$96, %rsp
	.seh_stackalloc 96
	leaq	96(%rsp), %rbp
	.seh_setframe %rbp, 96
	.seh_endprologue
	xorps	%xmm0, %xmm0
	movaps	%xmm0, -16(%rbp)
	movaps	%xmm0, -32(%rbp)
	movaps	%xmm0, -48(%rbp)
	movaps	%xmm0, -64(%rbp)
.Ltmp46:
	leaq	-64(%rbp), %rdx
	movl	$16, %ecx
	movl	$64, %r8d
	callq	memcpy
.Ltmp47:
.LBB14_2:
.Ltmp48:
	leaq	-64(%rbp), %rcx
	movl	$16, %edx
	movl	$64, %r8d
	callq	memmove
.Ltmp49:
.LBB14_4:
.Ltmp50:
	movl	$16, %ecx
	movl	$64, %r8d
	movl	$1, %edx
	callq	memset
.Ltmp51:
.LBB14_6:
.Ltmp52:
	leaq	-64(%rbp), %rdx
	movl	$16, %ecx
	movl	$64, %r8d
	callq	memcmp
.Ltmp53:
.Ltmp54:
	leaq	"??_C@_0M@GAOIBPHA@not?5reached?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
.Ltmp55:
.LBB14_9:
	nop
	addq	$96, %rsp
	popq	%rbp
	retq
.LBB14_5:
	leaq	"??_C@_06MNKMJKPK@memset?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB14_6
.LBB14_3:
	leaq	"??_C@_07PGMGDFJD@memmove?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB14_4
.LBB14_1:
	leaq	"??_C@_06DCPGNCLD@memcpy?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB14_2
.LBB14_8:
	leaq	"??_C@_06PHMKFJNJ@memcmp?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB14_9
.Lfunc_end12:
	.seh_handlerdata
.set .Lcopy_routines$parent_frame_offset, 96
	.long	(.Llsda_end12-.Llsda_begin12)/16
.Llsda_begin12:
	.long	.Ltmp46@IMGREL
	.long	.Ltmp47@IMGREL+1
	.long	1
	.long	.LBB14_1@IMGREL
	.long	.Ltmp48@IMGREL
	.long	.Ltmp49@IMGREL+1
	.long	1
	.long	.LBB14_3@IMGREL
	.long	.Ltmp50@IMGREL
	.long	.Ltmp51@IMGREL+1
	.long	1
	.long	.LBB14_5@IMGREL
	.long	.Ltmp52@IMGREL
	.long	.Ltmp55@IMGREL+1
	.long	1
	.long	.LBB14_8@IMGREL
.Llsda_end12:
	.text
	.seh_endproc

	.def	copy_routine_keeps_registers;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
copy_routine_keeps_registers:
.seh_proc copy_routine_keeps_registers
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	leaq	guarded_copy_clobber(%rip), %rcx
	callq	changed_by
	leaq	"??_C@_07HADGPIEN@changed?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$40, %rsp
	jmp	say_code
	.seh_endproc

	.def	probes;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
probes:
.Lfunc_begin13:
.seh_proc probes
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$48, %rsp
	.seh_stackalloc 48
	leaq	48(%rsp), %rbp
	.seh_setframe %rbp, 48
	.seh_endprologue
.Ltmp56:
	movabsq	$-8796093022208, %rcx
	movl	$8, %edx
	movl	$1, %r8d
	callq	ProbeForRead
.Ltmp57:
.LBB16_2:
.Ltmp58:
	movl	$4097, %ecx
	movl	$8, %edx
	movl	$4, %r8d
	callq	ProbeForRead
.Ltmp59:
.LBB16_4:
.Ltmp60:
	movl	$65536, %ecx
	movl	$8, %edx
	movl	$1, %r8d
	callq	ProbeForWrite
.Ltmp61:
.LBB16_6:
.Ltmp62:
	leaq	-8(%rbp), %rcx
	movl	$8, %edx
	movl	$1, %r8d
	callq	ProbeForWrite
.Ltmp63:
.Ltmp64:
	leaq	"??_C@_05DEMLAJOK@there?$AA@"(%rip), %rcx
	callq	say
.Ltmp65:
.LBB16_9:
	nop
	addq	$48, %rsp
	popq	%rbp
	retq
.LBB16_5:
	leaq	"??_C@_09MNNABMHP@not?5there?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB16_6
.LBB16_3:
	leaq	"??_C@_0L@CLCOBBKF@misaligned?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB16_4
.LBB16_1:
	leaq	"??_C@_0P@OCGIBJIC@kernel?5address?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB16_2
.LBB16_8:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	jmp	.LBB16_9
.Lfunc_end13:
	.seh_handlerdata
.set .Lprobes$parent_frame_offset, 48
	.long	(.Llsda_end13-.Llsda_begin13)/16
.Llsda_begin13:
	.long	.Ltmp56@IMGREL
	.long	.Ltmp57@IMGREL+1
	.long	1
	.long	.LBB16_1@IMGREL
	.long	.Ltmp58@IMGREL
	.long	.Ltmp59@IMGREL+1
	.long	1
	.long	.LBB16_3@IMGREL
	.long	.Ltmp60@IMGREL
	.long	.Ltmp61@IMGREL+1
	.long	1
	.long	.LBB16_5@IMGREL
	.long	.Ltmp62@IMGREL
	.long	.Ltmp65@IMGREL+1
	.long	1
	.long	.LBB16_8@IMGREL
.Llsda_end13:
	.text
	.seh_endproc

	.def	fault_in_a_filter;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
fault_in_a_filter:
.Lfunc_begin14:
.seh_proc fault_in_a_filter
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp66:
	movl	$-1073741533, %ecx
	callq	ExRaiseStatus
.Ltmp67:
.LBB17_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$32, %rsp
	popq	%rbp
	jmp	say_code
.Lfunc_end14:
	.seh_handlerdata
.set .Lfault_in_a_filter$parent_frame_offset, 32
	.long	(.Llsda_end14-.Llsda_begin14)/16
.Llsda_begin14:
	.long	.Ltmp66@IMGREL
	.long	.Ltmp67@IMGREL+1
	.long	"?filt$0@0@fault_in_a_filter@@"@IMGREL
	.long	.LBB17_2@IMGREL
.Llsda_end14:
	.text
	.seh_endproc

	.def	raise_in_finally;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
raise_in_finally:
.Lfunc_begin15:
.seh_proc raise_in_finally
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp68:
	callq	finally_that_raises
.Ltmp69:
.LBB18_1:
.Ltmp70:
	leaq	"??_C@_0N@PHFIPNKB@first?5except?$AA@"(%rip), %rcx
	callq	say
.Ltmp71:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB18_3:
	leaq	"??_C@_0O@PDJGBBDA@second?5except?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$32, %rsp
	popq	%rbp
	jmp	say_code
.Lfunc_end15:
	.seh_handlerdata
.set .Lraise_in_finally$parent_frame_offset, 32
	.long	(.Llsda_end15-.Llsda_begin15)/16
.Llsda_begin15:
	.long	.Ltmp68@IMGREL
	.long	.Ltmp69@IMGREL+1
	.long	"?filt$1@0@raise_in_finally@@"@IMGREL
	.long	.LBB18_1@IMGREL
	.long	.Ltmp68@IMGREL
	.long	.Ltmp69@IMGREL+1
	.long	"?filt$0@0@raise_in_finally@@"@IMGREL
	.long	.LBB18_3@IMGREL
	.long	.Ltmp70@IMGREL
	.long	.Ltmp71@IMGREL+1
	.long	"?filt$0@0@raise_in_finally@@"@IMGREL
	.long	.LBB18_3@IMGREL
.Llsda_end15:
	.text
	.seh_endproc

	.def	moving_frame;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
moving_frame:
.Lfunc_begin16:
.seh_proc moving_frame
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp72:
	movl	$3000, %ecx
	callq	fault_in_a_moving_frame
.Ltmp73:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB19_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end16:
	.seh_handlerdata
.set .Lmoving_frame$parent_frame_offset, 32
	.long	(.Llsda_end16-.Llsda_begin16)/16
.Llsda_begin16:
	.long	.Ltmp72@IMGREL
	.long	.Ltmp73@IMGREL+1
	.long	1
	.long	.LBB19_2@IMGREL
.Llsda_end16:
	.text
	.seh_endproc

	.def	large_frame;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
large_frame:
.Lfunc_begin17:
.seh_proc large_frame
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp74:
	callq	fault_in_a_large_frame
.Ltmp75:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB20_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end17:
	.seh_handlerdata
.set .Llarge_frame$parent_frame_offset, 32
	.long	(.Llsda_end17-.Llsda_begin17)/16
.Llsda_begin17:
	.long	.Ltmp74@IMGREL
	.long	.Ltmp75@IMGREL+1
	.long	1
	.long	.LBB20_2@IMGREL
.Llsda_end17:
	.text
	.seh_endproc

	.def	jump_to_nowhere;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
jump_to_nowhere:
.Lfunc_begin18:
.seh_proc jump_to_nowhere
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$48, %rsp
	.seh_stackalloc 48
	leaq	48(%rsp), %rbp
	.seh_setframe %rbp, 48
	.seh_endprologue
	movq	$0, -8(%rbp)
	movq	-8(%rbp), %rax
.Ltmp76:
	callq	*%rax
.Ltmp77:
	nop
	addq	$48, %rsp
	popq	%rbp
	retq
.LBB21_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$48, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end18:
	.seh_handlerdata
.set .Ljump_to_nowhere$parent_frame_offset, 48
	.long	(.Llsda_end18-.Llsda_begin18)/16
.Llsda_begin18:
	.long	.Ltmp76@IMGREL
	.long	.Ltmp77@IMGREL+1
	.long	"?filt$0@0@jump_to_nowhere@@"@IMGREL
	.long	.LBB21_2@IMGREL
.Llsda_end18:
	.text
	.seh_endproc

	.def	many_times;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
many_times:
.Lfunc_begin19:
.seh_proc many_times
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	pushq	%rsi
	.seh_pushreg %rsi
	subq	$40, %rsp
	.seh_stackalloc 40
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
	movl	$0, 4(%rbp)
	movl	$10000, %esi
	.p2align	4, 0x90
.LBB22_1:
.Ltmp78:
	callq	fault
.Ltmp79:
	decl	%esi
	jne	.LBB22_1
	jmp	.LBB22_4
.LBB22_2:
	incl	4(%rbp)
	decl	%esi
	jne	.LBB22_1
.LBB22_4:
	movl	4(%rbp), %edx
	leaq	"??_C@_05CDJJHAJG@taken?$AA@"(%rip), %rcx
	addq	$40, %rsp
	popq	%rsi
	popq	%rbp
	jmp	say_code
.Lfunc_end19:
	.seh_handlerdata
.set .Lmany_times$parent_frame_offset, 32
	.long	(.Llsda_end19-.Llsda_begin19)/16
.Llsda_begin19:
	.long	.Ltmp78@IMGREL
	.long	.Ltmp79@IMGREL+1
	.long	1
	.long	.LBB22_2@IMGREL
.Llsda_end19:
	.text
	.seh_endproc

	.def	unhandled;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
unhandled:
.Lfunc_begin20:
.seh_proc unhandled
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp80:
	callq	fault
.Ltmp81:
	leaq	"??_C@_0L@LNICLINI@never?5said?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
	.seh_handlerdata
.set .Lunhandled$parent_frame_offset, 32
	.long	(.Llsda_end20-.Llsda_begin20)/16
.Llsda_begin20:
	.long	.Ltmp80@IMGREL
	.long	.Ltmp81@IMGREL+1
	.long	"?dtor$2@?0?unhandled@4HA"@IMGREL
	.long	0
.Llsda_end20:
	.text
	.seh_endproc
	.def	"?dtor$2@?0?unhandled@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$2@?0?unhandled@4HA":
.seh_proc "?dtor$2@?0?unhandled@4HA"
.LBB23_2:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rdx), %rbp
	.seh_endprologue
	leaq	"??_C@_0L@LNICLINI@never?5said?$AA@"(%rip), %rcx
	callq	say
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.Lfunc_end20:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	unhandled_in_a_copy;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
unhandled_in_a_copy:
	leaq	there(%rip), %rdx
	movl	$16, %ecx
	movl	$64, %r8d
	jmp	memcpy

	.def	unhandled_raise;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
unhandled_raise:
.seh_proc unhandled_raise
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movl	$-1073741533, %ecx
	callq	ExRaiseStatus
	int3
	.seh_endproc

	.def	continued_in_vain;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
continued_in_vain:
.Lfunc_begin21:
.seh_proc continued_in_vain
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp82:
	movl	$-1073741533, %ecx
	callq	ExRaiseStatus
.Ltmp83:
.LBB26_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end21:
	.seh_handlerdata
.set .Lcontinued_in_vain$parent_frame_offset, 32
	.long	(.Llsda_end21-.Llsda_begin21)/16
.Llsda_begin21:
	.long	.Ltmp82@IMGREL
	.long	.Ltmp83@IMGREL+1
	.long	"?filt$0@0@continued_in_vain@@"@IMGREL
	.long	.LBB26_2@IMGREL
.Llsda_end21:
	.text
	.seh_endproc

	.def	fault_in_every_filter;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
fault_in_every_filter:
.Lfunc_begin22:
.seh_proc fault_in_every_filter
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp84:
	callq	fault
.Ltmp85:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB27_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end22:
	.seh_handlerdata
.set .Lfault_in_every_filter$parent_frame_offset, 32
	.long	(.Llsda_end22-.Llsda_begin22)/16
.Llsda_begin22:
	.long	.Ltmp84@IMGREL
	.long	.Ltmp85@IMGREL+1
	.long	"?filt$0@0@fault_in_every_filter@@"@IMGREL
	.long	.LBB27_2@IMGREL
.Llsda_end22:
	.text
	.seh_endproc

	.def	"?filt$0@0@access_violation@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@access_violation@@":
.seh_proc "?filt$0@0@access_violation@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	(%rcx), %rax
	movl	(%rax), %edx
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	callq	say_code
	movl	$1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	fault;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
fault:
	movl	$16, %ecx
	jmp	write_at

	.def	"?filt$0@0@record_of_a_write@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@record_of_a_write@@":
.seh_proc "?filt$0@0@record_of_a_write@@"
	pushq	%rsi
	.seh_pushreg %rsi
	pushq	%rdi
	.seh_pushreg %rdi
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	%rcx, %rsi
	movq	(%rcx), %rdi
	movl	24(%rdi), %edx
	leaq	"??_C@_0L@HHPOFMCB@parameters?$AA@"(%rip), %rcx
	callq	say_code
	movl	32(%rdi), %edx
	leaq	"??_C@_06EBPNOMLE@access?$AA@"(%rip), %rcx
	callq	say_code
	movl	40(%rdi), %edx
	leaq	"??_C@_07LHEPONKL@address?$AA@"(%rip), %rcx
	callq	say_code
	movq	16(%rdi), %rax
	movq	8(%rsi), %rcx
	cmpq	248(%rcx), %rax
	leaq	"??_C@_06LHCPOGEN@at?5rip?$AA@"(%rip), %rax
	leaq	"??_C@_09JGNPPKCE@elsewhere?$AA@"(%rip), %rcx
	cmoveq	%rax, %rcx
	callq	say
	movl	$1, %eax
	addq	$40, %rsp
	popq	%rdi
	popq	%rsi
	retq
	.seh_endproc

	.def	"?filt$0@0@record_of_a_read@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@record_of_a_read@@":
.seh_proc "?filt$0@0@record_of_a_read@@"
	pushq	%rsi
	.seh_pushreg %rsi
	pushq	%rdi
	.seh_pushreg %rdi
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	%rcx, %rsi
	movq	(%rcx), %rdi
	movl	24(%rdi), %edx
	leaq	"??_C@_0L@HHPOFMCB@parameters?$AA@"(%rip), %rcx
	callq	say_code
	movl	32(%rdi), %edx
	leaq	"??_C@_06EBPNOMLE@access?$AA@"(%rip), %rcx
	callq	say_code
	movl	40(%rdi), %edx
	leaq	"??_C@_07LHEPONKL@address?$AA@"(%rip), %rcx
	callq	say_code
	movq	16(%rdi), %rax
	movq	8(%rsi), %rcx
	cmpq	248(%rcx), %rax
	leaq	"??_C@_06LHCPOGEN@at?5rip?$AA@"(%rip), %rax
	leaq	"??_C@_09JGNPPKCE@elsewhere?$AA@"(%rip), %rcx
	cmoveq	%rax, %rcx
	callq	say
	movl	$1, %eax
	addq	$40, %rsp
	popq	%rdi
	popq	%rsi
	retq
	.seh_endproc

	.def	"?filt$0@0@nested@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@nested@@":
.seh_proc "?filt$0@0@nested@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	leaq	"??_C@_0N@BHOALPMH@outer?5filter?$AA@"(%rip), %rcx
	callq	say
	movl	$1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	"?filt$1@0@nested@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$1@0@nested@@":
.seh_proc "?filt$1@0@nested@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	leaq	"??_C@_0N@IGNGLFKH@inner?5filter?$AA@"(%rip), %rcx
	callq	say
	xorl	%eax, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	"?fin$0@0@nested@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?fin$0@0@nested@@":
	testb	%cl, %cl
	leaq	"??_C@_0O@DILBFKEI@inner?5finally?$AA@"(%rip), %rax
	leaq	"??_C@_0BI@BJOEAOKL@inner?5finally?0?5abnormal?$AA@"(%rip), %rcx
	cmoveq	%rax, %rcx
	jmp	say

	.def	"?filt$0@0@finally_in_callees@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@finally_in_callees@@":
.seh_proc "?filt$0@0@finally_in_callees@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	callq	say
	movl	$1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	callee_with_finally;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
callee_with_finally:
.Lfunc_begin23:
.seh_proc callee_with_finally
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$48, %rsp
	.seh_stackalloc 48
	leaq	48(%rsp), %rbp
	.seh_setframe %rbp, 48
	.seh_endprologue
.set .Lcallee_with_finally$frame_escape_0, -4
	movl	%ecx, -4(%rbp)
	testl	%ecx, %ecx
	jle	.LBB36_2
	decl	%ecx
.Ltmp88:
	callq	callee_with_finally
.Ltmp89:
	jmp	.LBB36_3
.LBB36_2:
.Ltmp86:
	callq	fault
.Ltmp87:
.LBB36_3:
	movl	.Lcallee_with_finally$frame_escape_0(%rbp), %edx
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say_code
	nop
	addq	$48, %rsp
	popq	%rbp
	retq
	.seh_handlerdata
.set .Lcallee_with_finally$parent_frame_offset, 48
	.long	(.Llsda_end23-.Llsda_begin23)/16
.Llsda_begin23:
	.long	.Ltmp88@IMGREL
	.long	.Ltmp87@IMGREL+1
	.long	"?dtor$4@?0?callee_with_finally@4HA"@IMGREL
	.long	0
.Llsda_end23:
	.text
	.seh_endproc
	.def	"?dtor$4@?0?callee_with_finally@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$4@?0?callee_with_finally@4HA":
.seh_proc "?dtor$4@?0?callee_with_finally@4HA"
.LBB36_4:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	48(%rdx), %rbp
	.seh_endprologue
	movl	.Lcallee_with_finally$frame_escape_0(%rbp), %edx
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say_code
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.Lfunc_end23:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	"?filt$0@0@filter_repairs_and_continues@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@filter_repairs_and_continues@@":
.seh_proc "?filt$0@0@filter_repairs_and_continues@@"
	pushq	%rsi
	.seh_pushreg %rsi
	subq	$32, %rsp
	.seh_stackalloc 32
	.seh_endprologue
	movq	%rcx, %rsi
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	callq	say
	movq	8(%rsi), %rax
	leaq	there(%rip), %rcx
	movq	%rcx, 128(%rax)
	movl	$-1, %eax
	addq	$32, %rsp
	popq	%rsi
	retq
	.seh_endproc

	.def	"?filt$0@0@step_over_a_breakpoint@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@step_over_a_breakpoint@@":
.seh_proc "?filt$0@0@step_over_a_breakpoint@@"
	pushq	%rsi
	.seh_pushreg %rsi
	subq	$32, %rsp
	.seh_stackalloc 32
	.seh_endprologue
	movq	%rcx, %rsi
	movq	(%rcx), %rax
	movl	(%rax), %edx
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	callq	say_code
	movq	8(%rsi), %rax
	movq	248(%rax), %rax
	cmpb	$-52, (%rax)
	leaq	"??_C@_0BD@GDLOOGMJ@at?5the?5instruction?$AA@"(%rip), %rax
	leaq	"??_C@_07DGMPCMFE@past?5it?$AA@"(%rip), %rcx
	cmoveq	%rax, %rcx
	callq	say
	movq	8(%rsi), %rax
	incq	248(%rax)
	movl	$-1, %eax
	addq	$32, %rsp
	popq	%rsi
	retq
	.seh_endproc

	.def	"?filt$0@0@raised_and_continued@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@raised_and_continued@@":
.seh_proc "?filt$0@0@raised_and_continued@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	(%rcx), %rax
	movl	(%rax), %edx
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	callq	say_code
	movl	$-1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	guarded_clobber;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
guarded_clobber:
.Lfunc_begin24:
.seh_proc guarded_clobber
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp90:
	callq	clobber_and_fault
.Ltmp91:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB40_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end24:
	.seh_handlerdata
.set .Lguarded_clobber$parent_frame_offset, 32
	.long	(.Llsda_end24-.Llsda_begin24)/16
.Llsda_begin24:
	.long	.Ltmp90@IMGREL
	.long	.Ltmp91@IMGREL+1
	.long	1
	.long	.LBB40_2@IMGREL
.Llsda_end24:
	.text
	.seh_endproc

	.def	"?filt$0@0@stack_alignment@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@stack_alignment@@":
.seh_proc "?filt$0@0@stack_alignment@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	callq	stack_misalignment
	leaq	"??_C@_06EOIELIPE@filter?$AA@"(%rip), %rcx
	movl	%eax, %edx
	callq	say_code
	movl	$1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	"?fin$0@0@stack_alignment@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?fin$0@0@stack_alignment@@":
.seh_proc "?fin$0@0@stack_alignment@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	callq	stack_misalignment
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	movl	%eax, %edx
	addq	$40, %rsp
	jmp	say_code
	.seh_endproc

	.def	guarded_copy_clobber;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
guarded_copy_clobber:
.Lfunc_begin25:
.seh_proc guarded_copy_clobber
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp92:
	leaq	there(%rip), %rdx
	movl	$16, %ecx
	movl	$64, %r8d
	callq	memcpy
.Ltmp93:
	nop
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB43_2:
	leaq	"??_C@_06JBKEBCGB@except?$AA@"(%rip), %rcx
	addq	$32, %rsp
	popq	%rbp
	jmp	say
.Lfunc_end25:
	.seh_handlerdata
.set .Lguarded_copy_clobber$parent_frame_offset, 32
	.long	(.Llsda_end25-.Llsda_begin25)/16
.Llsda_begin25:
	.long	.Ltmp92@IMGREL
	.long	.Ltmp93@IMGREL+1
	.long	1
	.long	.LBB43_2@IMGREL
.Llsda_end25:
	.text
	.seh_endproc

	.def	"?filt$0@0@fault_in_a_filter@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@fault_in_a_filter@@":
.Lfunc_begin26:
.seh_proc "?filt$0@0@fault_in_a_filter@@"
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp94:
	callq	fault
.Ltmp95:
.LBB44_2:
	movl	$1, %eax
	addq	$32, %rsp
	popq	%rbp
	retq
.LBB44_1:
	leaq	"??_C@_0BK@JCKIFCCP@fault?5in?5the?5filter?5taken?$AA@"(%rip), %rcx
	callq	say
	jmp	.LBB44_2
.Lfunc_end26:
	.seh_handlerdata
.set ".L?filt$0@0@fault_in_a_filter@@$parent_frame_offset", 32
	.long	(.Llsda_end26-.Llsda_begin26)/16
.Llsda_begin26:
	.long	.Ltmp94@IMGREL
	.long	.Ltmp95@IMGREL+1
	.long	1
	.long	.LBB44_1@IMGREL
.Llsda_end26:
	.text
	.seh_endproc

	.def	"?filt$0@0@raise_in_finally@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@raise_in_finally@@":
	movq	(%rcx), %rcx
	xorl	%eax, %eax
	cmpl	$-1073741278, (%rcx)
	sete	%al
	retq

	.def	"?filt$1@0@raise_in_finally@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$1@0@raise_in_finally@@":
	movq	(%rcx), %rcx
	xorl	%eax, %eax
	cmpl	$-1073741278, (%rcx)
	setne	%al
	retq

	.def	finally_that_raises;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
finally_that_raises:
.Lfunc_begin27:
.seh_proc finally_that_raises
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rsp), %rbp
	.seh_setframe %rbp, 32
	.seh_endprologue
.Ltmp96:
	callq	fault
.Ltmp97:
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say
	movl	$-1073741278, %ecx
	callq	ExRaiseStatus
	int3
	.seh_handlerdata
.set .Lfinally_that_raises$parent_frame_offset, 32
	.long	(.Llsda_end27-.Llsda_begin27)/16
.Llsda_begin27:
	.long	.Ltmp96@IMGREL
	.long	.Ltmp97@IMGREL+1
	.long	"?dtor$2@?0?finally_that_raises@4HA"@IMGREL
	.long	0
.Llsda_end27:
	.text
	.seh_endproc
	.def	"?dtor$2@?0?finally_that_raises@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$2@?0?finally_that_raises@4HA":
.seh_proc "?dtor$2@?0?finally_that_raises@4HA"
.LBB47_2:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	32(%rdx), %rbp
	.seh_endprologue
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say
	movl	$-1073741278, %ecx
	callq	ExRaiseStatus
	int3
.Lfunc_end27:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	fault_in_a_moving_frame;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
fault_in_a_moving_frame:
.Lfunc_begin28:
.seh_proc fault_in_a_moving_frame
	.seh_handler __C_specific_handler, @unwind, @except
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$16, %rsp
	.seh_stackalloc 16
	leaq	16(%rsp), %rbp
	.seh_setframe %rbp, 16
	.seh_endprologue
.set .Lfault_in_a_moving_frame$frame_escape_0, -8
	movslq	%ecx, %rax
	addq	$15, %rax
	andq	$-16, %rax
	callq	__chkstk
	subq	%rax, %rsp
	movq	%rsp, %rax
	movq	%rax, -8(%rbp)
	movb	$1, (%rax)
.Ltmp98:
	subq	$32, %rsp
	callq	fault
	addq	$32, %rsp
.Ltmp99:
	movq	.Lfault_in_a_moving_frame$frame_escape_0(%rbp), %rax
	movsbl	(%rax), %edx
	subq	$32, %rsp
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say_code
	nop
	movq	%rbp, %rsp
	popq	%rbp
	retq
	.seh_handlerdata
.set .Lfault_in_a_moving_frame$parent_frame_offset, 16
	.long	(.Llsda_end28-.Llsda_begin28)/16
.Llsda_begin28:
	.long	.Ltmp98@IMGREL
	.long	.Ltmp99@IMGREL+1
	.long	"?dtor$2@?0?fault_in_a_moving_frame@4HA"@IMGREL
	.long	0
.Llsda_end28:
	.text
	.seh_endproc
	.def	"?dtor$2@?0?fault_in_a_moving_frame@4HA";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?dtor$2@?0?fault_in_a_moving_frame@4HA":
.seh_proc "?dtor$2@?0?fault_in_a_moving_frame@4HA"
.LBB48_2:
	movq	%rdx, 16(%rsp)
	pushq	%rbp
	.seh_pushreg %rbp
	subq	$32, %rsp
	.seh_stackalloc 32
	leaq	16(%rdx), %rbp
	.seh_endprologue
	movq	.Lfault_in_a_moving_frame$frame_escape_0(%rbp), %rax
	movsbl	(%rax), %edx
	subq	$32, %rsp
	leaq	"??_C@_07MKBLAIAL@finally?$AA@"(%rip), %rcx
	callq	say_code
	nop
	addq	$64, %rsp
	popq	%rbp
	retq
.Lfunc_end28:
	.seh_handlerdata
	.text
	.seh_endproc

	.def	fault_in_a_large_frame;
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
fault_in_a_large_frame:
.seh_proc fault_in_a_large_frame
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movb	$2, 38(%rsp)
	callq	fault
	movzbl	38(%rsp), %eax
	movb	%al, 39(%rsp)
	addq	$40, %rsp
	retq
	.seh_endproc

	.def	"?filt$0@0@jump_to_nowhere@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@jump_to_nowhere@@":
.seh_proc "?filt$0@0@jump_to_nowhere@@"
	pushq	%rsi
	.seh_pushreg %rsi
	pushq	%rdi
	.seh_pushreg %rdi
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	movq	%rcx, %rsi
	movq	(%rcx), %rdi
	movl	24(%rdi), %edx
	leaq	"??_C@_0L@HHPOFMCB@parameters?$AA@"(%rip), %rcx
	callq	say_code
	movl	32(%rdi), %edx
	leaq	"??_C@_06EBPNOMLE@access?$AA@"(%rip), %rcx
	callq	say_code
	movl	40(%rdi), %edx
	leaq	"??_C@_07LHEPONKL@address?$AA@"(%rip), %rcx
	callq	say_code
	movq	16(%rdi), %rax
	movq	8(%rsi), %rcx
	cmpq	248(%rcx), %rax
	leaq	"??_C@_06LHCPOGEN@at?5rip?$AA@"(%rip), %rax
	leaq	"??_C@_09JGNPPKCE@elsewhere?$AA@"(%rip), %rcx
	cmoveq	%rax, %rcx
	callq	say
	movl	$1, %eax
	addq	$40, %rsp
	popq	%rdi
	popq	%rsi
	retq
	.seh_endproc

	.def	"?filt$0@0@continued_in_vain@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@continued_in_vain@@":
	movl	$-1, %eax
	retq

	.def	"?filt$0@0@fault_in_every_filter@@";
	.scl	3;
	.type	32;
	.endef
	.p2align	4, 0x90
"?filt$0@0@fault_in_every_filter@@":
.seh_proc "?filt$0@0@fault_in_every_filter@@"
	subq	$40, %rsp
	.seh_stackalloc 40
	.seh_endprologue
	callq	fault
	movl	$1, %eax
	addq	$40, %rsp
	retq
	.seh_endproc

	.section	.rdata,"dr"
	.p2align	4, 0x0
run_case.cases:
	.quad	access_violation
	.quad	record_of_a_write
	.quad	record_of_a_read
	.quad	nested
	.quad	finally_of_a_sound_block
	.quad	finally_in_callees
	.quad	filter_repairs_and_continues
	.quad	division
	.quad	step_over_a_breakpoint
	.quad	raised_status
	.quad	raised_and_continued
	.quad	nonvolatile_registers
	.quad	stack_alignment
	.quad	copy_routines
	.quad	copy_routine_keeps_registers
	.quad	probes
	.quad	fault_in_a_filter
	.quad	raise_in_finally
	.quad	moving_frame
	.quad	large_frame
	.quad	jump_to_nowhere
	.quad	many_times
	.quad	unhandled
	.quad	unhandled_in_a_copy
	.quad	unhandled_raise
	.quad	continued_in_vain
	.quad	fault_in_every_filter

	.section	.rdata,"dr",discard,"??_C@_06EOIELIPE@filter?$AA@"
	.globl	"??_C@_06EOIELIPE@filter?$AA@"
"??_C@_06EOIELIPE@filter?$AA@":
	.asciz	"filter"

	.section	.rdata,"dr",discard,"??_C@_03JDGOGJKJ@try?$AA@"
	.globl	"??_C@_03JDGOGJKJ@try?$AA@"
"??_C@_03JDGOGJKJ@try?$AA@":
	.asciz	"try"

	.section	.rdata,"dr",discard,"??_C@_0M@GAOIBPHA@not?5reached?$AA@"
	.globl	"??_C@_0M@GAOIBPHA@not?5reached?$AA@"
"??_C@_0M@GAOIBPHA@not?5reached?$AA@":
	.asciz	"not reached"

	.section	.rdata,"dr",discard,"??_C@_06JBKEBCGB@except?$AA@"
	.globl	"??_C@_06JBKEBCGB@except?$AA@"
"??_C@_06JBKEBCGB@except?$AA@":
	.asciz	"except"

	.section	.rdata,"dr",discard,"??_C@_05CMKPCFDK@after?$AA@"
	.globl	"??_C@_05CMKPCFDK@after?$AA@"
"??_C@_05CMKPCFDK@after?$AA@":
	.asciz	"after"

	.section	.rdata,"dr",discard,"??_C@_0L@HHPOFMCB@parameters?$AA@"
	.globl	"??_C@_0L@HHPOFMCB@parameters?$AA@"
"??_C@_0L@HHPOFMCB@parameters?$AA@":
	.asciz	"parameters"

	.section	.rdata,"dr",discard,"??_C@_06EBPNOMLE@access?$AA@"
	.globl	"??_C@_06EBPNOMLE@access?$AA@"
"??_C@_06EBPNOMLE@access?$AA@":
	.asciz	"access"

	.section	.rdata,"dr",discard,"??_C@_07LHEPONKL@address?$AA@"
	.globl	"??_C@_07LHEPONKL@address?$AA@"
"??_C@_07LHEPONKL@address?$AA@":
	.asciz	"address"

	.section	.rdata,"dr",discard,"??_C@_06LHCPOGEN@at?5rip?$AA@"
	.globl	"??_C@_06LHCPOGEN@at?5rip?$AA@"
"??_C@_06LHCPOGEN@at?5rip?$AA@":
	.asciz	"at rip"

	.section	.rdata,"dr",discard,"??_C@_09JGNPPKCE@elsewhere?$AA@"
	.globl	"??_C@_09JGNPPKCE@elsewhere?$AA@"
"??_C@_09JGNPPKCE@elsewhere?$AA@":
	.asciz	"elsewhere"

	.section	.rdata,"dr",discard,"??_C@_0N@BHOALPMH@outer?5filter?$AA@"
	.globl	"??_C@_0N@BHOALPMH@outer?5filter?$AA@"
"??_C@_0N@BHOALPMH@outer?5filter?$AA@":
	.asciz	"outer filter"

	.section	.rdata,"dr",discard,"??_C@_0N@IGNGLFKH@inner?5filter?$AA@"
	.globl	"??_C@_0N@IGNGLFKH@inner?5filter?$AA@"
"??_C@_0N@IGNGLFKH@inner?5filter?$AA@":
	.asciz	"inner filter"

	.section	.rdata,"dr",discard,"??_C@_0BI@BJOEAOKL@inner?5finally?0?5abnormal?$AA@"
	.globl	"??_C@_0BI@BJOEAOKL@inner?5finally?0?5abnormal?$AA@"
"??_C@_0BI@BJOEAOKL@inner?5finally?0?5abnormal?$AA@":
	.asciz	"inner finally, abnormal"

	.section	.rdata,"dr",discard,"??_C@_0O@DILBFKEI@inner?5finally?$AA@"
	.globl	"??_C@_0O@DILBFKEI@inner?5finally?$AA@"
"??_C@_0O@DILBFKEI@inner?5finally?$AA@":
	.asciz	"inner finally"

	.section	.rdata,"dr",discard,"??_C@_0N@FJPGBPDC@inner?5except?$AA@"
	.globl	"??_C@_0N@FJPGBPDC@inner?5except?$AA@"
"??_C@_0N@FJPGBPDC@inner?5except?$AA@":
	.asciz	"inner except"

	.section	.rdata,"dr",discard,"??_C@_0N@MIMABFFC@outer?5except?$AA@"
	.globl	"??_C@_0N@MIMABFFC@outer?5except?$AA@"
"??_C@_0N@MIMABFFC@outer?5except?$AA@":
	.asciz	"outer except"

	.section	.rdata,"dr",discard,"??_C@_08CIAIEKIK@abnormal?$AA@"
	.globl	"??_C@_08CIAIEKIK@abnormal?$AA@"
"??_C@_08CIAIEKIK@abnormal?$AA@":
	.asciz	"abnormal"

	.section	.rdata,"dr",discard,"??_C@_06IKLLLDHL@normal?$AA@"
	.globl	"??_C@_06IKLLLDHL@normal?$AA@"
"??_C@_06IKLLLDHL@normal?$AA@":
	.asciz	"normal"

	.section	.rdata,"dr",discard,"??_C@_07MKBLAIAL@finally?$AA@"
	.globl	"??_C@_07MKBLAIAL@finally?$AA@"
"??_C@_07MKBLAIAL@finally?$AA@":
	.asciz	"finally"

	.section	.rdata,"dr",discard,"??_C@_04POLDLDMI@read?$AA@"
	.globl	"??_C@_04POLDLDMI@read?$AA@"
"??_C@_04POLDLDMI@read?$AA@":
	.asciz	"read"

	.data
	.p2align	2, 0x0
there:
	.long	77

	.section	.rdata,"dr",discard,"??_C@_07MDKNJGHC@went?5on?$AA@"
	.globl	"??_C@_07MDKNJGHC@went?5on?$AA@"
"??_C@_07MDKNJGHC@went?5on?$AA@":
	.asciz	"went on"

	.section	.rdata,"dr",discard,"??_C@_0BD@GDLOOGMJ@at?5the?5instruction?$AA@"
	.globl	"??_C@_0BD@GDLOOGMJ@at?5the?5instruction?$AA@"
"??_C@_0BD@GDLOOGMJ@at?5the?5instruction?$AA@":
	.asciz	"at the instruction"

	.section	.rdata,"dr",discard,"??_C@_07DGMPCMFE@past?5it?$AA@"
	.globl	"??_C@_07DGMPCMFE@past?5it?$AA@"
"??_C@_07DGMPCMFE@past?5it?$AA@":
	.asciz	"past it"

	.section	.rdata,"dr",discard,"??_C@_07HADGPIEN@changed?$AA@"
	.globl	"??_C@_07HADGPIEN@changed?$AA@"
"??_C@_07HADGPIEN@changed?$AA@":
	.asciz	"changed"

	.section	.rdata,"dr",discard,"??_C@_06DCPGNCLD@memcpy?$AA@"
	.globl	"??_C@_06DCPGNCLD@memcpy?$AA@"
"??_C@_06DCPGNCLD@memcpy?$AA@":
	.asciz	"memcpy"

	.section	.rdata,"dr",discard,"??_C@_07PGMGDFJD@memmove?$AA@"
	.globl	"??_C@_07PGMGDFJD@memmove?$AA@"
"??_C@_07PGMGDFJD@memmove?$AA@":
	.asciz	"memmove"

	.section	.rdata,"dr",discard,"??_C@_06MNKMJKPK@memset?$AA@"
	.globl	"??_C@_06MNKMJKPK@memset?$AA@"
"??_C@_06MNKMJKPK@memset?$AA@":
	.asciz	"memset"

	.section	.rdata,"dr",discard,"??_C@_06PHMKFJNJ@memcmp?$AA@"
	.globl	"??_C@_06PHMKFJNJ@memcmp?$AA@"
"??_C@_06PHMKFJNJ@memcmp?$AA@":
	.asciz	"memcmp"

	.section	.rdata,"dr",discard,"??_C@_0P@OCGIBJIC@kernel?5address?$AA@"
	.globl	"??_C@_0P@OCGIBJIC@kernel?5address?$AA@"
"??_C@_0P@OCGIBJIC@kernel?5address?$AA@":
	.asciz	"kernel address"

	.section	.rdata,"dr",discard,"??_C@_0L@CLCOBBKF@misaligned?$AA@"
	.globl	"??_C@_0L@CLCOBBKF@misaligned?$AA@"
"??_C@_0L@CLCOBBKF@misaligned?$AA@":
	.asciz	"misaligned"

	.section	.rdata,"dr",discard,"??_C@_09MNNABMHP@not?5there?$AA@"
	.globl	"??_C@_09MNNABMHP@not?5there?$AA@"
"??_C@_09MNNABMHP@not?5there?$AA@":
	.asciz	"not there"

	.section	.rdata,"dr",discard,"??_C@_05DEMLAJOK@there?$AA@"
	.globl	"??_C@_05DEMLAJOK@there?$AA@"
"??_C@_05DEMLAJOK@there?$AA@":
	.asciz	"there"

	.section	.rdata,"dr",discard,"??_C@_0BK@JCKIFCCP@fault?5in?5the?5filter?5taken?$AA@"
	.globl	"??_C@_0BK@JCKIFCCP@fault?5in?5the?5filter?5taken?$AA@"
"??_C@_0BK@JCKIFCCP@fault?5in?5the?5filter?5taken?$AA@":
	.asciz	"fault in the filter taken"

	.section	.rdata,"dr",discard,"??_C@_0N@PHFIPNKB@first?5except?$AA@"
	.globl	"??_C@_0N@PHFIPNKB@first?5except?$AA@"
"??_C@_0N@PHFIPNKB@first?5except?$AA@":
	.asciz	"first except"

	.section	.rdata,"dr",discard,"??_C@_0O@PDJGBBDA@second?5except?$AA@"
	.globl	"??_C@_0O@PDJGBBDA@second?5except?$AA@"
"??_C@_0O@PDJGBBDA@second?5except?$AA@":
	.asciz	"second except"

	.section	.rdata,"dr",discard,"??_C@_05CDJJHAJG@taken?$AA@"
	.globl	"??_C@_05CDJJHAJG@taken?$AA@"
"??_C@_05CDJJHAJG@taken?$AA@":
	.asciz	"taken"

	.section	.rdata,"dr",discard,"??_C@_0L@LNICLINI@never?5said?$AA@"
	.globl	"??_C@_0L@LNICLINI@never?5said?$AA@"
"??_C@_0L@LNICLINI@never?5said?$AA@":
	.asciz	"never said"

