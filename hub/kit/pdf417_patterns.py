"""The bar patterns of PDF417, as ISO/IEC 15438:2015 lists them: three clusters of 929 codewords.

A pattern is four bars and four spaces, each one to six modules wide, seventeen modules together. The
first module is always a bar and the last always a space, so fifteen bits per pattern are kept: cluster
after cluster, codeword after codeword, packed from the most significant bit and written in base 85.
The order within a cluster follows no formula, hence a table.
"""

from __future__ import annotations

import base64

CODEWORDS = 929
_KEPT_BITS = 15

_PACKED = (
    ")xp){)%K?jr=F+kFlsocV4#Aa!hs6h8s0kJR&dsN)_r3IV}*tbxGTJCzFgs4^IZDlisQ@PE8j0XuRgx}*Y1}Nm!6mDFljjHJxIey"
    ";z9~T8bgu@QVd8DO~Xy+P4vtZ&NR;^Fs3=CJut;E<n9#jH1DT4r#zf;oO*l8d+Fzs$I)QXanX8-hKbIJ=!htcXpTf7L@^LTAVh2w"
    "ZZvNrFrzu6Js8Cp<Y9=xk=#+<M>$759CAJC78(~i7oi}bF`+pKg$T_E=t3w%Aq1fYhQfyChV(NOGmyqm$3qN;4u^UibQBa8G#4O{"
    "pqZeZ1Vsd75R?$mK_J*cn1dMthJktn)CkZZ<#6SB<$hBJQ;t*8j53aLk0?PXV4#Gz47Z%O%P>ng%RE@ZSm9xU!G+u<-eun|aV~hc"
    ";c(*jlK0Ec7vI{!+T+^x(+<;~)9ny#80{TsLuhAcdqEpPq_AYT<h^ZzNrp+zN%qV(&UVjiKuAJJW=M9z7Q-6^6JV2ZlX<%VGYK=9"
    "GuxP3oZFt<V3=cY!gmsPo7@welb+sk-g|iBd(HQW=eN(<VcB!peUc569h0nxY>e!WWFurXkV_y^EHW-~FSB7HV<K}h0wNnTvLmw)"
    "A`v1Pm_?Xr5M)4z*ht*S-p;^`#Ej;17IUOyvy3AQMhuSRj`n+mbD8H6$7hbuzQqQ`j>Xm_HYRo_u@SKv#3sZ$5LO^aP)JzFT*iQe"
    "goMn5>|`uvY-eK-LJ~q77)uyzV2Er;Zey@RGDABY%N*=+h+(nAW8BA{!iK`m!uAq26IevpM_~%W2?YrSnFZKr5J-?r!y>~pf;Je0"
    "5SU>QK_J+}v4=AbJ%ZZ=>=4KnAV|THgA)cAtQf91uSGD$I4FWB#wg)J5kmz83IrCx7ULH1vk0@8v&D=>jusd!7+u6&;d7C5#m5WY"
    "7oVELn&+DNq#33;r%e#e8O<JOMrdiEnV{lWVqD^1Ho_#vB;#ZPL^Ee%M>ZigG9)pufgpy#1lUB}#NKYeOvY~Wa}#r-W1EZ<3~m@s"
    "<WBQ@f^&`M3C9!OZ@+a1b&qx1q&ud2r`-|V8+0dhJ<wAqGc0p1yFoHTyLU2svKzBIv)zc937HP;ChR$oA}As(VlFd4B0?f&B6oBK"
    "WF}^2XLliYGj}{hH*p4GCSkjT5dtG(BXOO98Ic*?>>13N&hIksIE*tmVmplY2<La)XP<J1a?f)6k~@=bMD9nq3vvv_48@$q?r2O%"
    "?r(D=b2ef-n3E8$VN5}}f+0d7W+8JL0umw<InXhYF`6M8oQs^o5S-!|!VrRE1Vdy)a~*;ioc0*z5XR@2#~6oqKKqJ0i*6+DC%B7o"
    "48n}U*BT}gW)rx{xX$Ag!W)bt3L*;_Xb?#dO~*loNrrAYE;)!Hal~PT#|ejL9?m@bh3*l|7cfd-h=D@}jvWLDm@$Q56oM4MQ3z3("
    "QNn~mh6)J^3@wB$%q`(&A!h}Qg^m^&EErwLUEy<r<Av{yL5*XLbZHD}k)ko9Muf(P8VDr>C5$D*XaY!MZo*DBLN;bLaj^j*At8-~"
    "jfN5gCd4M;y8$yHGmXrR&Nmn)7*656!8ykB=TPTa=U+NUI&A2i=<}gxL5!h{vUY@IjAYZYGqYnOorxI=b`)e8*dY`l77Wk`k&N8#"
    "fXs-@(1_0DPUZ-NcMxU}L=l)F8zCEv><G+vuxBtvGrYq%!aI!jJMZ43-nV*BdVT1-(B~-UExn_?w>drRo$U9qXCdCh7^4`p=7_|Y"
    "#P4)YWX@-MlY5+E8{AWvZ*YVtge)<jAtWI)odX#o8NKK^$vMm+3*JlKV;ElX1U4A#5X|SW$2Y#mJl^^Dl=qk3OT3P8PH}t9JI(Jh"
    "&Lh0WFs3lM#*u`tI!-c-BYDbkjpq=8kb=e<MjJTjFvuW_&qIzw3|@I0ae3k}?dRWko#R`^XANFDymByT;nT;bk07W4NI^^m5DE|!"
    "5G{aNfU$vLg6;*+4MG}58fa*kXyKtlK?I=$ur`D?$RxqCA+rX=hQ=ER5(sP%O^{8)c0+d!%n6J)7$<Pv`06pzW1`1H45B+mJ8Uv>"
    "*)iG2VunK<gb_eyfJBf)$8-i{1VlTKGY}#X+(DQ@8wPd+W;@t3nD0J%ob<Wq<CM>7&u=}JIUM#d#W2OkG{-kR(m9kd8SYWcXSjkC"
    "f)*Ik7})1P#z2HmdJb|7VtdGQh#|1YW1i1_`|9`8&nv#yJf8bF;<L?TiQjdeXMM~tsN+z=XPrkGzV+(E>gQ4qQy){hh<c3rkJKa7"
    "H&9PdeL%X{dffWotb?q_tnFeQV?AT*2<r{36RaMvEp{DuJ$Kh2*D=>RxQ4jSxb?y{!&d~?2V4rhhP}?c>&Pq2YtCLFUNc@g@QU!u"
    "!7IV9u&=qVy?n)d<?)sA*TXN|uin2oem_bNOCL+RNP0~APtqgOH%L!NeIU9(>7ePc>AOsaOwUaEVmf1Kgz1N-3rr0<4Lcn>smN)}"
    ">Ca9hPBl19ICS8tz^9<6v8TB_g*?qX>EbElCxoYlo(Vq1KIHk7`P1Vk!%y6wpQ4AN&!YVjJri_9^hePPq7ID?jh>D4WOQcHiP4Wn"
    "7K|D?8ap~W(a6!wM-xXK94a^{^eFad_eYUOnI0t`G<ZnxQT9>yN6e3nAHPD6Lfr{H3G^c9L!qOgwuVlIdKk1Y(CE<ZLz6?D4k{cd"
    "dMJA#<e}z=i4O`NWIlZbJq7d<=p&%hpx%Qm1~eTs9nf;1;)BwI+7BciJp#G}=o-*7K<a_dDi13kE4fH{O!-gBBg!`@Pbhq#xj^Nh"
    "<+0_vEQc)5Ecs$NV`YTphn5R047v=v9J{5+Wz6NzE+Z~9xJ<Zm;HAKqpqH_ixV(hC%)I5|CF2)_mxf*lzQn%b`I7m|;}^p(++UyC"
    "huX%!9@0M3H2n67_Kl<Wv@d8plsuMvm+hg+BkjLzk8IvZ`(koJ?S;t)whm1WO`c8m=w!&`&9@`BHzqx}nJ~8DWWn2mCqpM^CwqDl"
    "ax!yU$lJ}6j@~4kD|k|HZQzs8li8EqzJWZ6Jk9bg^GV}xh))T=5j+xol6~9u6XtKsPmRABKYwK(Wto0^B>N`G``HsC|71LhJd1W{"
    "<VoaDvnR7Y%v^|jFyv_DZL^~zCnG(aot*Y@WMSFEBcmg=o{1cp9PILJ^RvYxhR+Eei5|@Q2=YktXUS*HpAjAwd?bCD`w{bJ=j>DL"
    "TNm$QOi%rY@)YtH*wfhGV=h8HjB*-s8`$ZP%VU;99gZ>`G9B3T*!N?~LyeCT9+Do|`VjJC<U_@ei4V3ve!`ev`w8R~*lUnaVVr|o"
    "4zdjFIgoW>>Oswik`GKih&-_Q_6x`tux>!zgR%!~9`R7|S@B<rM~ZGJo+$XCaY4nQ#k0k}ERHPLu{g2f!o`CZLl<Wkc)1w4qT*uX"
    "i-i{iUW8uEUgGj1^9#g_#xDq72)@X^;`xQ~i}&+U^H|sCnopW$pS;l;Kl4Mxqr|s1jwGHW`LcPl=EcN^n+_(9CfT|%GI2A_$<5C<"
    "7A73rF*-3jP3VcqiOz2(Z#leCIA-vP=!xuapid-EGklYL&G8B0H^L{_->{!Eet&fxd|iI~r0MeM|J@fy&WHTUe9JQZ?$hqux8o=N"
    "?7YakKlfwAQ^a30P9k01J>BsU?&ZwKyN)AHBYB-M8E*8<<%q|3mS-K_F&!}-%=C!mchYB+M;pFVJZ|`i^oaIn&_|QMLq0-0UHKXD"
    "cj6=L&)?jqFPAU=<hed_KjtXK|GBR*E^qzJ@e1ZO#3#AeF`nl*hO-@F8Qk@l=X1<MsgF?(ZhcI7x$+_C$IyqDKSn-W{QbpoeByu1"
    "FSy<yyu*8r;tk9@xb`6I!`qLd4@^F|{cyj+qr$fePYQe}xKQC};cbPJg`O5HEHJt-yF%o`=L?D#2wsR@!FeHhh2jgs7uYYKjZckZ"
    "U%Y7zKk=i&Q^H>xP7+*fxJdD_!fC>98>SO1ZdgolxWaV8cN@|Zly4|bF}y;0LVFwN6Uc9nPZ7Q$KF0n0>N@#4|K~~5<D>pEhF|&G"
    "@sf7`&d&(0Gh8Bh-Eo=cbA)Rd))AcVSk802!a9ug2<CUxXPMt29)^7cc{}to<nPPZi`UOjFHgN5dLQ$Y<@es#x5p>m&-lgjo9}mo"
    "FBsl)z3*^_;~ma>z4j37W7*HQzd|02eL4E_^78x1=aJ_Z-fz5Kc%JaTf~N&83OFq|E#R`jV+GR%+!rV=AiW^Hg7O983-7~FYyS;A"
    "61Z(}N#V1CYYo;3oHsB|p}j#lhVlvMH_#`L-#;BkUk;z}%j36#FAUy0xFc}R<Gq4A4E8(dBhb&IzfWFIUp+i}JaYN%_tzKKpH5#-"
    "eH{86^7HNE$?vn@E?+NvocSE_d*=7W&xzj);99`50_p|G7oaaZ8*nDz-GMs>^a<!U(Cg#Zho_%hpI&`9`Z)6Q?eEqv*FQ|ZPW>7B"
    "8S>}t$I0KbzbwBl{F(U~@ptC$#h;0XuOD1Koc(0|bM(jP$IG9$KP-MuuZFM1JQY4QKPd31`KbLv#Y5!>pIR39R{Z+Nv*NS&)+LXX"
    "kN&W%KK0S{*>~rzPp)g9y>Tu-^~2Yr*SB6zUVV7F@ayR7?XQ!sp1v)7HTpICSLD~{Ux_aTFO4tBJSjeDKS=RN`61;Y^n>3`6MR#C"
    "`ed2%ng7!i$H|BNI(<7%{pra$|EC_Fo}T)7bn(;a)9+7~pBjFee(CvB@kQZ9^F{h6iYLgAD378ZL?85N8|54SqbSdjkNP@Cf9U6<"
    "*GHWnT0Us~QTamgLiq{h3G^e#L;i-LzC%CgccJcw)EAT&&`%(bLB4@`0(o8uUm0JDcuIWAeo^94@k7Z&<p;i67WkI^^2oE~v;USQ"
    "kBblaboq8&`^%AY|1LbeJiYSr<>Qyrm)>72zB2tX{mb%~<7>lf=WF(y7M?brG;p+ew0)t)q2_~@gW3lY@RIqG{kMT9i6_mTEuTpr"
    "Y<Ng{u<;=F!T%<SzDd9Pb@FAq;WO{IEzgOMw;%F!PXF82la}}X-g!NC`sDN5=O@<Rte-o6Wc^9`Wx-|RW%DNsCz~hP99bS@Ib=PM"
    "b0Bgr5-*v&5j>GT%<|0pG2$WY!~RB*zWX}P_>B8G|0BN7c^>wC$osSQN9z|07n>K@oLHV>IbuDCa}aVDk{8(C5T0W^LOqOm4fZ?i"
    "E-WuFoUoq4IfOX{<{QKl*k`a@uwKDAf;j^A4eSe;6N>PP`HK8g#8cr%kw?W33J>_SE%Gh@#gS*i$NXIjzwvX$>x<4WtY0yHqWqfR"
    "n(><W(}dH^)8>vQj~X1B9%wkwIG2c*#@+;;M4vW!HhkFdkn>^x6GY#9-8XzDeBA$u-#5HZdA{O(&HEGf>xS#j>+YB?oNk_UVRUnJ"
    "d!dV=&Vw$4x&|`gGV?O~w*w~=C!L&Ko|zu(aL9A8;~?(A#9l;SGk79--Qk(x5$@-V$GeXazGr>j`<4rr8<(7zT%6pV<YMG=kjs$n"
    "L7ah@xR|`=;Kby__cNC>+{YM)a}FVR#_)vqJH|8I=eV%AxwyT=#l+_kml51UID;^`Fulg%gy$K?5!_>lFEHNYy~4%9=Lwey+#@(c"
    "FkIod!8?X`1(yZf6F4I<F5un3vw<+L5U+xsLZ1pe6g(~PS^o>XFL1uX{TksK^BVZmh||MIBS(!68V(Zj68PJ|lf!3%M~#mOzBhd9"
    "1nZ3J$4n<qXHPmYIymTL=yRaQK*n4~UOR9yax!_@!I8&fhC`i)2)r|RB6;26ndfuwSZ`eKUi5<W#`Nc+7o#_$y$HPw^b+(N&?A-;"
    "mot~WusJa~Iqb#k>B#S64nsYLIR^F&V&r1;n}ZXc?i|h-j`uj`JKS)E;~UO*z3+KJd1HBV$qUJw$=*a>MtKQ&4dfHZ6N?jzo@^XU"
    "oKEvH^E=FAh;J~)7aVRFPV>0qJI;5C7mGKGyhyxE@e=VH#3zU+3nvS_Y&cBunBg17F@om}-aEV~ye#mN@SDOXgeL`_8ypjOX7Ez*"
    "TfrxSCj#CLg1myh3V0NFE%4V6*Mm+&PYoOz91`$t;7Q@L$5=;P$6h*OI&kR7=;NV>L55t0UOR9yaO~j7<FUaPhHo9-dV+e!dgIa)"
    "(=*eah@Omk5_%cvBhVw3BbOf79GM)P_GI>R*u#*|VTLXo+!&nqaOQK|_tZDmch|m=zMA?b`a9@X&`&5&EYB|cK=MTLXW19or;)zI"
    "JcRoQ@(b({#gWC&HV!6z*m;<78}4JwZ@9w?jyF8+``-CR`D^5x<nNJRAv{q$S@S{SN#bvrFPXk#JVN<|aIxcI!f&0A8NPGADZVcF"
    "mGKk8lfvH`9uj<Hct!Du;IqSTj_-wE2|N_|Xz)wnkSoAb!LC8C2AmBX33xW}>k#XMrbDL=j2#RaaCYEi;n~NiN36%LJt93Y^hoq$"
    "(1)OhEQc;VvOT!=VB}-i!Hb7C9`8P*KD7Ew`g7=~(2ppOEPbMVw0Se^gUFAu4<SCn99Vg<aWn42%+I;+)bH27OMZ;`O!;^1C&^#3"
    "pCf+6c%*o<=7Yqax*swgBK^qui}w)WW5&;&zkA=6zb1TD`Kj?Y=0}Ae8Xgk-==jU?o%pliZ^n-WJ{tUV4R9K8b&z$z(*vUeE)Lv1"
    "L_J{iko3dR2cZWn9@re1dpP=-`s3+G(GMvPEPbSXvGzgaN7#dl4>msUKURL2`BV0z<j>g;6h3G?N&BJmC+>6d$HkwT9u$0O`OrGR"
    "biwLD>j$I{L=IRzxP4IiLFEV92a+FWAE*"
)


def _unpack() -> tuple[tuple[int, ...], ...]:
    bits = "".join(f"{byte:08b}" for byte in base64.b85decode(_PACKED))
    starts = range(0, 3 * CODEWORDS * _KEPT_BITS, _KEPT_BITS)
    patterns = [int(f"1{bits[start : start + _KEPT_BITS]}0", 2) for start in starts]
    return tuple(tuple(patterns[first : first + CODEWORDS]) for first in range(0, 3 * CODEWORDS, CODEWORDS))


PATTERNS = _unpack()
"""`PATTERNS[row % 3][codeword]`: seventeen bits, most significant first, 1 is a bar."""
